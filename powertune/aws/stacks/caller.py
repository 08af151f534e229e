"""Whose account this is, in which partition of AWS."""

from dataclasses import dataclass

from powertune.aws.client import Aws


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The account that an identity belongs to. `partition` is `aws`, `aws-cn`, `aws-us-gov` or another one."""

    account_id: str
    partition: str


def who_calls(aws: Aws) -> Caller:
    """Ask AWS.

    Raises:
        IdentityError: the credentials are not accepted.
    """
    answer = aws.call(aws.clients.sts.get_caller_identity)
    return Caller(account_id=answer["Account"], partition=answer["Arn"].split(":")[1])
