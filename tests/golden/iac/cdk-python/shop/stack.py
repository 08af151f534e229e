"""The shop: memory_size=512 in a docstring is no setting."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as _lambda
from constructs import Construct


class ShopStack(Stack):
    def __init__(self, scope: Construct, construct_id: str, **kwargs) -> None:
        super().__init__(scope, construct_id, **kwargs)

        # Grüße
        self.orders = _lambda.Function(
            self,
            "Orders",
            function_name="orders",
            runtime=_lambda.Runtime.PYTHON_3_12,
            handler="app.handler",
            code=_lambda.Code.from_asset("src"),
            memory_size=512,  # MB
            timeout=Duration.seconds(10),
        )
        self.bills = _lambda.Function(self, "Bills", runtime=_lambda.Runtime.PYTHON_3_12, memory_size=512,
                                      handler="bills.handler", code=_lambda.Code.from_asset("src"))
