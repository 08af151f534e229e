"""The accounts that one identity can scan: its own, those of its organization, and those that let it in by a role."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from threading import RLock

from powertune.aws.connection import Connection
from powertune.aws.organization import Organization, read_organization
from powertune.aws.regions import EnabledRegions, enabled_regions, partition_of
from powertune.aws.roles import SCAN_ROLE, AssumedRole, RoleChain, role_arn
from powertune.config.accounts import ScanAccount
from powertune.errors import AccessDenied, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOptions:
    """How roles are assumed in accounts that do not say it themselves; `role` is a name, or an ARN.

    `tags` are session tags, as pairs: trust policies have to allow sts:TagSession for them.
    """

    role: str = SCAN_ROLE
    external_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EnteredAccount:
    """An account in which we are somebody. `connection` connects to a region; whoever calls it closes it."""

    connection: Callable[[str], Connection]
    home: str

    def regions(self) -> EnabledRegions:
        """The regions that are enabled in the account."""
        with self.connection(self.home) as there:
            return enabled_regions(there.aws())


class AwsAccounts:
    """The way into accounts. Threads may share it; each account is entered once.

    Args:
        base: the identity of the person who scans.
        options: how roles are assumed.
    """

    def __init__(self, base: Connection, options: RoleOptions) -> None:
        self._base = base
        self._aws = base.aws()
        self._options = options
        self._lock = RLock()
        self._own = RLock()
        self._entering: dict[str, RLock] = {}
        self._entered: dict[str, EnteredAccount | AccessDenied] = {}

    @property
    def region(self) -> str:
        """The region of the identity."""
        return self._base.region

    @cached_property
    def partition(self) -> str:
        """The partition that the identity is valid in; none reaches into another one."""
        return partition_of(self._base.region)

    @property
    def own_id(self) -> str:
        """The account that the identity belongs to: one call, once.

        Raises:
            IdentityError: AWS does not accept the credentials.
        """
        with self._own:
            return self._own_id

    @cached_property
    def _own_id(self) -> str:
        return str(self._aws.call(self._aws.clients.sts.get_caller_identity)["Account"])

    def organization(self) -> Organization:
        """The accounts of the organization.

        Raises:
            AccessDenied, UsageError: as `read_organization` says.
        """
        return read_organization(self._aws)

    def enter(self, account: ScanAccount) -> EnteredAccount:
        """Get into an account: by its roles, else by the usual one. The own account takes none unless it names some.

        Raises:
            AccessDenied: a role does not exist, does not trust who assumes it, or asks for another external id.
            IdentityError, Unavailable, UsageError: as AWS says.
        """
        with self._lock:
            turn = self._entering.setdefault(account.account_id, RLock())
        with turn:
            known = self._entered.get(account.account_id)
            if known is None:
                try:
                    known = self._enter(account)
                except AccessDenied as error:  # which it is in all other regions, too
                    known = error
                self._entered[account.account_id] = known
            if isinstance(known, AccessDenied):
                raise known
            return known

    def _enter(self, account: ScanAccount) -> EnteredAccount:
        if not account.roles and account.account_id == self.own_id:
            return EnteredAccount(self._base.in_region, self.region)
        roles = account.roles or (self._options.role,)
        _check_owner(roles[-1], account.account_id)
        chain = RoleChain(
            arns=tuple(role_arn(role, account.account_id, self.partition) for role in roles),
            external_id=account.external_id or self._options.external_id,
            tags=self._options.tags,
        )
        return EnteredAccount(AssumedRole(self._base, chain, self._aws).connection, self.region)


def _check_owner(role: str, account_id: str) -> None:
    """See that a role that is named by its ARN is of the account to enter: another account would be read twice.

    Raises:
        UsageError: it is another account's.
    """
    if role.startswith("arn:") and role.split(":")[4] != account_id:
        raise UsageError(f"{role} is not a role of account {account_id}", hint="name the role without its ARN")
