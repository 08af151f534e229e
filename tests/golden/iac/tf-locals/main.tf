locals {
  name   = "events-${local.stage}"
  stage  = "prod"
  memory = 320 # measured
}

resource "aws_lambda_function" "events" {
  function_name = local.name
  memory_size   = local.memory
  description   = <<-EOT
    memory_size = 320
    ${local.stage} { not a block }
  EOT
}
