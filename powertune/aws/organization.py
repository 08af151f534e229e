"""The accounts of an organization."""

from dataclasses import dataclass
from typing import Any

from powertune.aws.client import Aws
from powertune.config.accounts import ScanAccount
from powertune.errors import AccessDenied

_USABLE = "ACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """Its accounts in the order of their ids, and those that cannot be used, each with its state in AWS's words."""

    accounts: tuple[ScanAccount, ...]
    unusable: tuple[tuple[ScanAccount, str], ...] = ()


def read_organization(aws: Aws) -> Organization:
    """The accounts of the organization that the account of `aws` belongs to.

    Raises:
        AccessDenied: it is neither the management account nor a delegated administrator, or lacks the permission.
        UsageError: the account belongs to no organization.
    """
    try:
        states = sorted(_listed(aws), key=lambda known: known[0].account_id)
    except AccessDenied as error:
        raise AccessDenied(error.message, hint=_WHO_MAY) from error
    return Organization(
        accounts=tuple(account for account, state in states if state == _USABLE),
        unusable=tuple((account, state) for account, state in states if state != _USABLE),
    )


_WHO_MAY = (
    "only the management account and delegated administrators may list accounts, with organizations:ListAccounts; "
    "else name the accounts with --accounts FILE"
)


def _listed(aws: Aws) -> list[tuple[ScanAccount, str]]:
    """A page may be empty although more follow."""
    found: list[tuple[ScanAccount, str]] = []
    page: dict[str, Any] = {}
    while True:
        answer = aws.call(aws.clients.organizations.list_accounts, **page)
        for each in answer.get("Accounts", ()):
            # `State` replaces `Status`, which AWS has announced to drop.
            state = each.get("State") or each.get("Status") or _USABLE
            found.append((ScanAccount(account_id=each["Id"], name=each.get("Name", "")), state))
        if not answer.get("NextToken"):
            return found
        page = {"NextToken": answer["NextToken"]}
