resource "aws_lambda_function" "cron" {
  function_name = "cron"
  memory_size   = 128
}
