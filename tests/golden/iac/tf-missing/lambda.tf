resource "aws_lambda_function" "worker" {
  function_name    = "worker"
  filename         = "worker.zip"
  source_code_hash = filebase64sha256("worker.zip")
  runtime          = "provided.al2023" // Rust
  handler          = "bootstrap"
  role             = var.role_arn

  lifecycle {
    ignore_changes = [source_code_hash]
  }
}

variable "role_arn" {}
