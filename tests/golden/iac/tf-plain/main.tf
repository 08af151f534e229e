terraform {
  required_version = ">= 1.6"
}

# Orders
resource "aws_lambda_function" "orders" {
  function_name = "orders"
  role          = aws_iam_role.lambda.arn
  handler       = "index.handler"
  runtime       = "nodejs22.x"
  memory_size   = 512 # MB
  timeout       = 10

  environment {
    variables = {
      memory_size = "512"
    }
  }
}

resource "aws_lambda_function" "bills" {
  function_name = "bills"
  memory_size   = 512
}
