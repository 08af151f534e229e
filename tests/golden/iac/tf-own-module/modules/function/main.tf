resource "aws_lambda_function" "this" {
  function_name = var.name
  memory_size   = var.memory
  runtime       = "python3.12"
}
