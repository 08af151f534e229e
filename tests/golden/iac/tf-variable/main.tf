resource "aws_lambda_function" "api" {
  function_name = "${var.prefix}-api"
  memory_size   = var.api_memory
  architectures = var.architectures
  runtime       = "python3.12"
}

output "prefix" {
  value = var.prefix
}
