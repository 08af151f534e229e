"""Getting into other accounts: roles that are assumed one after another, for as long as the work lasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from powertune.aws.client import Aws
from powertune.aws.connection import Connection
from powertune.errors import AccessDenied

if TYPE_CHECKING:
    from botocore.credentials import Credentials

#: The role that the template of the member role creates in each account.
SCAN_ROLE = "powertune-scan"
#: What AWS allows at most where one role assumes another, which signing in by SSO already is.
HOUR_S = 3600
#: Credentials are renewed in their last quarter, and nothing is signed with those in their last sixth.
_ADVISORY, _MANDATORY = 4, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChain:
    """Roles to assume one after another, the last one in the account that is meant: `arns`.

    Each is assumed with the external id and the session tags, as pairs. Tags take the permission sts:TagSession, so
    there are none unless somebody asks for them. `duration_s` is from 900 to 43,200, and at most an hour in a chain.
    """

    arns: tuple[str, ...]
    external_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    session_name: str = "powertune"
    duration_s: int = HOUR_S


def role_arn(role: str, account_id: str, partition: str) -> str:
    """The ARN of a role that is given by its ARN, by its name, or by its path and name."""
    return role if role.startswith("arn:") else f"arn:{partition}:iam::{account_id}:role/{role}"


class AssumedRole:
    """The identity at the end of a chain of roles. It is assumed again before it ends, from the beginning.

    Args:
        base: the identity that assumes the first role.
        chain: the roles.
        aws: what calls STS as `base`; without it, a client of its own.

    Raises:
        AccessDenied: a role does not exist, does not trust who assumes it, or asks for another external id.
        IdentityError, Unavailable, UsageError: as AWS says.
    """

    def __init__(self, base: Connection, chain: RoleChain, aws: Aws | None = None) -> None:
        from botocore.credentials import RefreshableCredentials

        self._base = base
        renew = partial(_assume_all, base, aws or base.aws(), chain)
        self._credentials = RefreshableCredentials.create_from_metadata(
            metadata=renew(),
            refresh_using=renew,
            method="powertune-role",
            advisory_timeout=chain.duration_s // _ADVISORY,
            mandatory_timeout=chain.duration_s // _MANDATORY,
        )

    def connection(self, region: str) -> Connection:
        """AWS in a region, as this role. Close it; the identity stays."""
        return self._base.signed_by(self._credentials, region)


def assume(connection: Connection, arn: str, region: str) -> Connection:
    """The identity of a role, which may be another account's, in a region.

    Raises:
        AccessDenied: the role does not trust this identity, or this identity may not assume it.
    """
    return AssumedRole(connection, RoleChain(arns=(arn,))).connection(region)


def _assume_all(base: Connection, aws: Aws, chain: RoleChain) -> dict[str, Any]:
    """Credentials of the last role, as botocore names them."""
    keys = _assume_one(aws, chain.arns[0], chain)
    for arn in chain.arns[1:]:
        with base.signed_by(_static(keys), base.region) as hop:
            keys = _assume_one(hop.aws(), arn, chain)
    ends: datetime = keys["Expiration"]
    return {
        "access_key": keys["AccessKeyId"],
        "secret_key": keys["SecretAccessKey"],
        "token": keys["SessionToken"],
        "expiry_time": ends.isoformat(),
    }


def _assume_one(aws: Aws, arn: str, chain: RoleChain) -> Mapping[str, Any]:
    asked: dict[str, Any] = {
        "RoleArn": arn,
        "RoleSessionName": chain.session_name,
        "DurationSeconds": chain.duration_s,
    }
    if chain.external_id is not None:
        asked["ExternalId"] = chain.external_id
    if chain.tags:
        asked["Tags"] = [{"Key": key, "Value": value} for key, value in chain.tags]
    try:
        return aws.call(aws.clients.sts.assume_role, **asked)["Credentials"]
    except AccessDenied as error:
        # AWS gives the same answer in all of these cases, so as not to tell which roles there are.
        raise AccessDenied(f"cannot assume {arn}: {error.message}", hint=_CANNOT_ASSUME) from error


_CANNOT_ASSUME = (
    "the role must exist, trust this identity, and ask for no other external id; "
    "this identity must be allowed to call sts:AssumeRole"
)


def _static(keys: Mapping[str, Any]) -> "Credentials":
    from botocore.credentials import Credentials

    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
