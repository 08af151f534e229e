import aws_cdk as cdk
from aws_cdk import aws_lambda

app = cdk.App()
stack = cdk.Stack(app, "Jobs")
aws_lambda.Function(stack, "Job", function_name="job", runtime=aws_lambda.Runtime.PYTHON_3_13, handler="job.run",
                    code=aws_lambda.Code.from_inline("def run(e, c): ..."))
