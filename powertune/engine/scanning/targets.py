"""Which places a scan goes through: accounts and their regions, and how to connect to each."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from powertune.aws.connection import Connection
from powertune.aws.organization import Organization
from powertune.aws.regions import EnabledRegions, is_default, partition_of
from powertune.config.accounts import ScanAccount
from powertune.config.region_option import ALL_REGIONS
from powertune.errors import AccessDenied, PowertuneError, UsageError
from powertune.scan.coverage import Gap
from powertune.scan.evidence import AccountRegion
from powertune.scan.scan import Payer

#: What a gap names as the region where it is about an account in all of its regions.
EVERY_REGION = "*"
#: What could not be read, where an account does not tell which regions it has enabled.
REGIONS = "regions"
_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanScope:
    """What is to be scanned.

    `regions` hold in all accounts; None takes those of each account, else the region of the identity. `accounts` are
    those of an accounts file; with `organization`, all of the organization. With neither, it is the own account.
    """

    regions: tuple[str, ...] | None = None
    accounts: tuple[ScanAccount, ...] = ()
    organization: bool = False

    @property
    def payer(self) -> Payer:
        """Who pays for the accounts: those of a file may be anybody's."""
        if self.organization:
            return Payer.ORGANIZATION
        return Payer.UNKNOWN if self.accounts else Payer.ACCOUNT


class Entered(Protocol):
    """An account in which we are somebody."""

    @property
    def connection(self) -> Callable[[str], Connection]:
        """Connects to a region; whoever calls it closes it."""
        ...

    def regions(self) -> EnabledRegions:
        """The regions that are enabled in the account."""
        ...


class WayIn(Protocol):
    """The way into accounts, as `powertune.aws.reaching.AwsAccounts` is."""

    @property
    def region(self) -> str:
        """The region of the identity."""
        ...

    @property
    def partition(self) -> str:
        """The partition that the identity is valid in."""
        ...

    @property
    def own_id(self) -> str:
        """The account of the identity."""
        ...

    def organization(self) -> Organization:
        """The accounts of the organization."""
        ...

    def enter(self, account: ScanAccount) -> Entered:
        """Get into an account, once for all of its regions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceToScan:
    """A place, and how to connect to it: whoever does closes the connection. It raises a PowertuneError."""

    place: AccountRegion
    connect: Callable[[], Connection]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTargets:
    """The places to scan, account by account, and what is known beforehand that cannot be scanned."""

    places: tuple[PlaceToScan, ...]
    gaps: tuple[Gap, ...] = ()


def find_targets(scope: ScanScope, way_in: WayIn) -> ScanTargets:
    """The places of a scan.

    An account is entered only where AWS has to be asked which regions it has enabled: for all of them, and for
    regions that not every account has. The others are entered when their turn comes.

    Raises:
        AccessDenied: the accounts of the organization cannot be listed.
        IdentityError: AWS does not accept the credentials.
        UsageError: there is no organization, or accounts are named besides.
    """
    if scope.organization and scope.accounts:
        raise UsageError("scan either --organization or --accounts", hint="leave one of them out")
    gaps: list[Gap] = []
    if scope.organization:
        organization = way_in.organization()
        accounts = organization.accounts
        gaps += [_gap(account, f"the account is {_words(state)}") for account, state in organization.unusable]
    else:
        accounts = scope.accounts or (ScanAccount(account_id=way_in.own_id),)

    def resolve(account: ScanAccount) -> ScanTargets:
        return _places(account, scope.regions or account.regions or (way_in.region,), way_in)

    pool = ThreadPoolExecutor(_THREADS)
    try:
        found = list(pool.map(resolve, accounts))
    finally:
        pool.shutdown(cancel_futures=True)  # which Ctrl-C does not wait for
    return ScanTargets(
        places=tuple(place for each in found for place in each.places),
        gaps=(*gaps, *(gap for each in found for gap in each.gaps)),
    )


def _places(account: ScanAccount, wanted: Sequence[str], way_in: WayIn) -> ScanTargets:
    """The places of one account."""
    gaps: list[Gap] = []
    names = tuple(wanted)
    if names != ALL_REGIONS:
        gaps += list(_of_another_partition(account, names, way_in))
        names = tuple(name for name in names if partition_of(name) == way_in.partition)
    if names == ALL_REGIONS or not all(map(is_default, names)):
        try:
            enabled = way_in.enter(account).regions()
        except PowertuneError as error:
            return ScanTargets(places=(), gaps=(*gaps, _refused(account, error)))
        if enabled.unknown:
            gaps.append(_unknown_regions(account, enabled, names))
        names, missing = _chosen(names, enabled)
        gaps += [_gap(account, "the region is not enabled in the account", region=name) for name in missing]
    return ScanTargets(places=tuple(place_to_scan(account, name, way_in) for name in names), gaps=tuple(gaps))


def _of_another_partition(account: ScanAccount, names: Sequence[str], way_in: WayIn) -> Iterator[Gap]:
    for name in names:
        if (other := partition_of(name)) != way_in.partition:
            yield _gap(
                account, f"the region is in {other}, and the identity belongs to {way_in.partition}", region=name
            )


def _chosen(wanted: tuple[str, ...], enabled: EnabledRegions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The regions to scan, and those that are wanted and not enabled. What is not known to be disabled is tried."""
    if wanted == ALL_REGIONS:
        return enabled.names, ()
    if enabled.unknown:
        return wanted, ()
    return tuple(n for n in wanted if n in enabled.names), tuple(n for n in wanted if n not in enabled.names)


def _unknown_regions(account: ScanAccount, enabled: EnabledRegions, wanted: tuple[str, ...]) -> Gap:
    instead = "only those are scanned that every account has" if wanted == ALL_REGIONS else "all named ones are tried"
    return _gap(account, f"{enabled.unknown}; {instead}", what=REGIONS, action=enabled.action)


def place_to_scan(account: ScanAccount, region: str, way_in: WayIn) -> PlaceToScan:
    """A place, which is entered only when somebody connects."""
    place = AccountRegion(account_id=account.account_id, region=region, account_name=account.name)
    return PlaceToScan(place=place, connect=lambda: way_in.enter(account).connection(region))


def _gap(account: ScanAccount, reason: str, *, region: str = EVERY_REGION, what: str = "", action: str = "") -> Gap:
    place = AccountRegion(account_id=account.account_id, region=region, account_name=account.name)
    return Gap(place=place, what=what, reason=reason, action=action)


def _refused(account: ScanAccount, error: PowertuneError) -> Gap:
    return _gap(account, reason_of(error), action=denied_entry(error))


def denied_entry(error: PowertuneError) -> str:
    """The IAM action that is missing to get into an account; empty where that is not the reason."""
    return "sts:AssumeRole" if isinstance(error, AccessDenied) else ""


def reason_of(error: PowertuneError) -> str:
    """Why something could not be read: what went wrong, and what may help."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _words(state: str) -> str:
    """A state of AWS's as words: `PENDING_CLOSURE` is pending closure."""
    return state.lower().replace("_", " ")
