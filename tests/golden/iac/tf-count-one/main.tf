resource "aws_lambda_function" "canary" {
  count         = var.enabled ? 1 : 0
  function_name = "canary"
  memory_size   = "256"
}

variable "enabled" {
  default = true
}
