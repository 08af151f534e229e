"""The boto3 clients of one connection, each made when it is first used: making one takes 20 ms or more."""

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

if TYPE_CHECKING:
    from mypy_boto3_account.client import AccountClient
    from mypy_boto3_ce.client import CostExplorerClient
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_compute_optimizer.client import ComputeOptimizerClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_organizations.client import OrganizationsClient
    from mypy_boto3_pricing.client import PricingClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_sts.client import STSClient

#: What each client is for. Two are clients of Lambda: `invoke` waits longer, and has more connections.
Role = Literal[
    "account",
    "billing",
    "cloudformation",
    "cloudwatch",
    "control",
    "invoke",
    "logs",
    "optimizer",
    "organizations",
    "pricing",
    "s3",
    "stepfunctions",
    "sts",
]


class BotoClients:
    """The boto3 clients that powertune uses. None of them retries: `Aws.call` does, knowing what is safe.

    Threads may share them; each is made once. An attribute that cannot be made raises what `make` raises, each time
    that it is read.

    Args:
        make: makes the client of a role.
    """

    billing: "CostExplorerClient"
    control: "LambdaClient"
    invoke: "LambdaClient"
    logs: "CloudWatchLogsClient"
    cloudwatch: "CloudWatchClient"
    s3: "S3Client"
    optimizer: "ComputeOptimizerClient"
    pricing: "PricingClient"
    cloudformation: "CloudFormationClient"
    stepfunctions: "SFNClient"
    sts: "STSClient"
    organizations: "OrganizationsClient"
    account: "AccountClient"

    def __init__(self, make: Callable[[Role], Any]) -> None:
        self._make = make
        self._lock = RLock()

    def __getattr__(self, name: str) -> Any:
        """Make a client; Python asks here only for attributes that are not set yet."""
        if name not in get_args(Role):
            raise AttributeError(name)
        with self._lock:
            if name not in self.__dict__:  # another thread may have made it meanwhile
                setattr(self, name, self._make(cast(Role, name)))
            return self.__dict__[name]
