"""Where a run measures, in place or on copies, and how much of the account it may take. Pure.

See docs/adr/0010-latest-is-left-to-production.md for why.
"""

from dataclasses import dataclass

from powertune.config import RunOptions
from powertune.errors import FunctionRefused
from powertune.model import Advisory, Architecture, Design, FunctionState, Production
from powertune.units import plural

#: Of what production leaves at its peak, a run takes half, but no more than this, or a tenth where that is more:
#: 5 of 10, 50 of 100, 100 of 1,000.
_HALF_UP_TO = 50
_TENTH = 10
_QUOTA = "`Concurrent executions` (Service Quotas, L-B99A9384)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the sizes of the function's own architecture are measured, and why.

    `isolate` means on a temporary copy. `asked` says that a person has decided, `settled_by` what leaves no choice;
    otherwise `used_by` decided, or the `unanswered` questions, where the invocations of $LATEST are among them.
    """

    isolate: bool
    asked: bool = False
    used_by: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    settled_by: str | None = None

    @property
    def why(self) -> str:
        """The reason, as part of a sentence."""
        if self.asked:
            return "as asked"
        if self.settled_by:
            return f"as {self.settled_by}"
        if self.used_by:
            return f"as $LATEST is in use: {'; '.join(self.used_by)}"
        if self.isolate:
            return "as it is not known whether $LATEST is in use"
        return "as nothing was found that uses $LATEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many invocations a run may have under way, and of what.

    `limit` is the pool: the account's unreserved concurrency, or the function's `reserved` one. `in_use` is the most
    that others have used of it in two weeks; None where that is not known.
    """

    concurrency: int
    limit: int
    in_use: int | None
    reserved: bool

    @property
    def pool(self) -> str:
        """What the pool is called."""
        return "function's reserved concurrency" if self.reserved else "account's unreserved concurrency"

    @property
    def room(self) -> int:
        """How many invocations all runs together may have under way in the pool."""
        return _part(self.limit - (self.in_use or 0))


def architectures_of(options: RunOptions, function: FunctionState) -> tuple[Architecture, ...]:
    """What to measure on; the embedded AWS has one processor, and emulating another would measure nothing.

    Raises:
        FunctionRefused: another one than that was asked for.
    """
    wanted = tuple(sorted(set(options.architectures or (function.architecture,))))
    other = next((architecture for architecture in wanted if architecture is not function.architecture), None)
    if other is not None and function.platform is not None:
        raise FunctionRefused(
            f"the embedded AWS runs functions on this machine's own processor, {function.architecture}, so {other} "
            "cannot be measured on it",
            hint="leave --arch out here, and measure both architectures on AWS",
        )
    return wanted


def place(
    options: RunOptions, function: FunctionState, production: Production, architectures: tuple[Architecture, ...]
) -> Placement:
    """Decide whether the function itself may be used: not where somebody else uses $LATEST, unless a person says so.

    The embedded AWS has no production. Another architecture is always measured on a copy.
    """
    used_by, unanswered = production.latest_used_by, production.unanswered
    if function.architecture not in architectures:
        why = "another architecture takes a copy"
        return Placement(isolate=True, settled_by=why, used_by=used_by, unanswered=unanswered)
    if options.isolate is not None:
        return Placement(isolate=options.isolate, asked=True, used_by=used_by, unanswered=unanswered)
    if function.platform is not None:
        why = "the embedded AWS has no other callers"
        return Placement(isolate=False, settled_by=why, used_by=used_by, unanswered=unanswered)
    isolate = bool(used_by) or production.invocations_unknown
    return Placement(isolate=isolate, used_by=used_by, unanswered=unanswered)


def placement_advisories(placement: Placement, function: FunctionState, *, in_place: bool) -> tuple[Advisory, ...]:
    """What a person should know of the decision before the first change."""
    found = []
    if placement.settled_by is not None:
        return ()
    if in_place and placement.used_by:
        found.append(
            Advisory(
                code="latest-in-use",
                message=f"$LATEST of {function.name} is in use ({'; '.join(placement.used_by)}), and gets trial "
                "memory sizes while versions are published",
                next_step="leave --in-place out to measure on a temporary copy",
            )
        )
    if placement.unanswered and not placement.asked and not placement.used_by:
        found.append(
            Advisory(
                code="latest-use-unknown",
                message=f"powertune cannot tell whether $LATEST of {function.name} is in use: "
                f"{'; '.join(placement.unanswered)}",
                next_step="`powertune iam run` prints the policy; --isolate and --in-place decide where to measure",
            )
        )
    return tuple(found)


def copied(design: Design, function: FunctionState) -> tuple[Architecture, ...]:
    """The architectures that are measured on a temporary copy of the function."""
    return tuple(each for each in design.architectures if design.isolate or each is not function.architecture)


def in_place(isolate: bool, function: FunctionState, architectures: tuple[Architecture, ...]) -> bool:
    """Whether the function itself is measured, and so published."""
    return not isolate and function.architecture in architectures


def share(
    options: RunOptions,
    function: FunctionState,
    production: Production,
    account_concurrency: int,
    *,
    original: bool,
    copies: bool,
) -> Share:
    """How much concurrency a run takes: of what production has left at its peak, and only a part of that.

    Versions of the function share its reserved concurrency; a copy has none, and takes from the account's.

    Args:
        account_concurrency: what the account has unreserved.
        original: whether the function itself is invoked.
        copies: whether copies are.

    Raises:
        FunctionRefused: there is nothing left to invoke it with.
    """
    reserved = function.reserved_concurrency if original else None
    pools = []
    if reserved is not None:
        pools.append(_share(options, function, reserved, production.function_peak, reserved=True))
    if copies or reserved is None:
        pools.append(_share(options, function, account_concurrency, production.unreserved_peak, reserved=False))
    return min(pools, key=lambda pool: pool.concurrency)


def _share(options: RunOptions, function: FunctionState, limit: int, in_use: int | None, *, reserved: bool) -> Share:
    if limit < 1:
        raise FunctionRefused(
            f"{function.name} has a concurrency of {limit}: it cannot be invoked",
            hint="raise or remove its reserved concurrency, or measure on a copy with --isolate"
            if reserved
            else f"ask AWS for more of the quota {_QUOTA}, or reserve less of it",
        )
    if function.platform is not None:
        return Share(concurrency=min(options.concurrency, limit), limit=limit, in_use=0, reserved=reserved)
    left = limit - (in_use or 0)
    if left < 1 and options.concurrency > 1:
        what = "its reserved" if reserved else "the account's unreserved"
        ways = "measure on a copy with --isolate; or " if reserved else f"ask AWS for more of the quota {_QUOTA}; or "
        raise FunctionRefused(
            f"{function.name} has no concurrency left: in the last two weeks, {in_use} of {what} {limit} were in use "
            "at one time",
            hint=f"{ways}measure one invocation at a time with --concurrency 1, which may throttle others",
        )
    return Share(concurrency=min(options.concurrency, _part(left)), limit=limit, in_use=in_use, reserved=reserved)


def _part(left: int) -> int:
    """What a run takes of what production leaves."""
    return max(1, left // _TENTH, min(left // 2, _HALF_UP_TO))


def share_advisories(share: Share, options: RunOptions, lanes: int) -> tuple[Advisory, ...]:
    """What a person should know of the concurrency: that it is little, and which quota bounds it."""
    found = []
    if share.concurrency < min(options.concurrency, 2 * lanes):
        used = "" if not share.in_use else f", of which up to {share.in_use} were in use in the last two weeks"
        raising = "raise its reserved concurrency, or measure on a copy with --isolate"
        found.append(
            Advisory(
                code="concurrency-bound",
                message=f"the {share.pool} is {share.limit}{used}, so at most "
                f"{plural(share.concurrency, 'invocation')} of this run {_runs(share)} at a time",
                next_step=(raising if share.reserved else f"ask AWS for more of the quota {_QUOTA}")
                + ", or expect the run to take longer",
            )
        )
    if share.in_use is None:
        found.append(
            Advisory(
                code="concurrency-in-use-unknown",
                message=f"how much of the {share.pool} others use is not known",
                next_step="allow cloudwatch:GetMetricData, or lower --concurrency",
            )
        )
    return tuple(found)


def _runs(share: Share) -> str:
    return "runs" if share.concurrency == 1 else "run"


def check_code_storage(
    function: FunctionState, production: Production, *, versions: int, copies: int, guessed: bool
) -> tuple[Advisory, ...]:
    """See whether all versions and copies fit into what the account may store: each counts the whole package.

    Args:
        versions: how many are published; a copy is a package more.
        guessed: whether that is an estimate, as for a search, which then is advised of instead of refused.

    Raises:
        FunctionRefused: they do not fit, or not even the first one does.
    """
    size, free = production.code_size_bytes, production.code_free_bytes
    if free is None or size == 0:
        return ()
    needed = size * (versions + copies)
    if needed <= free:
        return ()
    message = (
        f"{plural(versions, 'version')} of {function.name} take {needed:,} bytes of code storage, "
        f"and this account has {max(0, free):,} left in {function.region}"
    )
    ways = "delete old versions and functions, or ask AWS for more `Function and layer storage` (L-2ACBD22F)"
    if guessed and size * (1 + copies) <= free:
        return (Advisory(code="code-storage-low", message=message, next_step=ways),)
    raise FunctionRefused(message, hint=ways)
