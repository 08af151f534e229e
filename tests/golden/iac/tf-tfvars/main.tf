variable "memory" { type = number }
variable "name" { type = string }

resource "aws_lambda_function" "this" {
  function_name = var.name
  memory_size   = var.memory
}
