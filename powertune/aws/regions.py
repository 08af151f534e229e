"""Which regions an account can use."""

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from powertune.aws.client import Aws
from powertune.errors import AccessDenied, NotFound, Unavailable, UsageError

if TYPE_CHECKING:
    from botocore.session import Session

#: Enabled in every account, and in none switched off: all that AWS opened before March 20, 2019 (AWS Account
#: Management Reference Guide, "Enable or disable AWS Regions in your account").
DEFAULT_REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
#: A scan can do without, so nobody waits long for it.
_ATTEMPTS = 3
_ENABLED: Any = ("ENABLED", "ENABLED_BY_DEFAULT")
#: The partition that has regions to opt in to; the others enable all of theirs.
_WITH_OPT_IN = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledRegions:
    """The regions that are enabled in an account, by name.

    Where the account does not tell, `unknown` says why, and `action` which permission is missing, if one is: `names`
    are then those that are enabled everywhere.
    """

    names: tuple[str, ...]
    unknown: str = ""
    action: str = ""


@cache
def _botocore() -> "Session":
    """What has read the partitions of AWS, which takes a while."""
    import botocore.session

    return botocore.session.get_session()


@cache
def known_regions() -> tuple[str, ...]:
    """All regions with Lambda that this version of boto3 knows, in all partitions."""
    session = _botocore()
    partitions = session.get_available_partitions()
    return tuple(sorted(region for each in partitions for region in session.get_available_regions("lambda", each)))


@cache
def partition_of(region: str) -> str:
    """`aws`, `aws-cn`, `aws-us-gov`; of a region that boto3 does not know, by the pattern of its name."""
    from botocore.exceptions import UnknownRegionError

    try:
        return str(_botocore().get_partition_for_region(region))
    except UnknownRegionError:
        return _WITH_OPT_IN


def is_default(region: str) -> bool:
    """Whether a region is enabled in every account of its partition."""
    return region in DEFAULT_REGIONS or partition_of(region) != _WITH_OPT_IN


def enabled_regions(aws: Aws) -> EnabledRegions:
    """The regions that are enabled in the account that `aws` calls: one call for 50 of them.

    Raises:
        IdentityError: AWS does not accept the credentials.
    """
    partition = partition_of(aws.region)
    if partition != _WITH_OPT_IN:
        return EnabledRegions(names=tuple(r for r in known_regions() if partition_of(r) == partition))
    try:
        return EnabledRegions(names=tuple(sorted(_listed(replace(aws, attempts=_ATTEMPTS)))))
    except AccessDenied as error:
        return EnabledRegions(names=DEFAULT_REGIONS, unknown=error.message, action="account:ListRegions")
    except (NotFound, Unavailable, UsageError) as error:
        return EnabledRegions(names=DEFAULT_REGIONS, unknown=error.message)


def _listed(aws: Aws) -> list[str]:
    names: list[str] = []
    page: dict[str, Any] = {}
    while True:
        answer = aws.call(
            aws.clients.account.list_regions, RegionOptStatusContains=[*_ENABLED], MaxResults=50, **page
        )
        names += [each["RegionName"] for each in answer.get("Regions", ()) if each["RegionOptStatus"] in _ENABLED]
        if not answer.get("NextToken"):
            return names
        page = {"NextToken": answer["NextToken"]}
