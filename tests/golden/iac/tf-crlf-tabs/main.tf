resource "aws_lambda_function" "legacy" {
	function_name = "legacy"
	handler = "legacy.Handler" /* old */
	runtime = "java21"
}
