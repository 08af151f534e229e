"""Moves an alias that production uses, if it still is what was read; and back, if it is where it was moved."""

from dataclasses import dataclass
from typing import Any

from powertune.aws.function_snapshot import Alias
from powertune.aws.journal import AppliedRun
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import Changed, FunctionBusy, NotFound

#: How often an alias is looked at that somebody else changes while it is put back, and the pause between two looks.
_LOOKS, _PAUSE_S = 6, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where an alias leads: to a version, and with a `canary`, to that version for a share of the invocations."""

    version: str
    canary: str | None = None
    share: float = 0.0

    @property
    def weights(self) -> dict[str, float]:
        """The canary as UpdateAlias takes it. None at all takes the share of an earlier one away."""
        return {} if self.canary is None else {self.canary: self.share}

    def is_of(self, alias: Alias) -> bool:
        """Whether an alias leads there."""
        return (alias.version, dict(alias.weights)) == (self.version, self.weights)


def move_alias(function: LambdaFunction, name: str, route: Route, before: Alias) -> Alias:
    """Let an alias lead elsewhere, in one call, if it still is what `before` says. Its description stays.

    Raises:
        Changed: somebody else has changed it.
        NotFound: it is gone, or a version is.
    """
    try:
        return _update(function, name, route, before)
    except Changed as refused:
        # After a lost answer, it may be our own first attempt that has changed it.
        now = function.alias(name)
        if now is not None and route.is_of(now) and now.description == before.description:
            return now
        if now is None or (now.version, now.weights, now.description) != (
            before.version,
            before.weights,
            before.description,
        ):
            raise Changed(
                f"alias {name} of {function.ref.name} was changed by somebody else",
                hint="look at the alias; run again when their deployment has ended",
            ) from refused
        return _update(function, name, route, now)


def put_alias_back(function: LambdaFunction, applied: AppliedRun) -> tuple[str, ...]:
    """Let the alias of an apply lead to the version before, if it leads where the apply has let it lead.

    Returns what was left alone, as sentences.

    Raises:
        FunctionBusy: somebody else keeps changing it.
    """
    name = applied.alias
    if name is None or not applied.after:
        return ()
    back, tried = Route(version=applied.before), ""
    for look in range(_LOOKS):
        if look:
            function.aws.sleep(_PAUSE_S)
        now = function.alias(name)
        if now is None:
            return (f"alias {name} no longer exists",)
        if back.is_of(now) and tried not in ("", now.revision):
            return ()  # it has changed since the first attempt, whose answer was lost
        if not (back.is_of(now) or is_ours(now, applied)):
            return (f"alias {name} leads to {leads_to(now)}, which somebody else has set; it was not changed",)
        try:
            function.read(applied.before)
        except NotFound:
            return (f"alias {name} still leads to {leads_to(now)}: version {applied.before} no longer exists",)
        try:
            # Also if it seems to be back: what was changed a moment ago may not be seen yet, but its revision counts.
            tried = now.revision
            _update(function, name, back, now)
        except (Changed, NotFound):
            continue
        return ()
    raise FunctionBusy(
        f"alias {name} of {function.ref.name} keeps being changed by somebody else",
        hint="wait until the deployment has ended",
    )


def is_ours(alias: Alias, applied: AppliedRun) -> bool:
    """Whether an alias leads where the apply has let it lead: to the canary for a share, or to the new version."""
    return (alias.version, alias.shifted) in ((applied.before, (applied.after,)), (applied.after, ()))


def leads_to(alias: Alias) -> str:
    """`version 8`, or `version 7, and 10 % of the invocations to version 8`."""
    shares = "".join(f", and {100 * share:.4g} % of the invocations to version {v}" for v, share in alias.weights)
    return f"version {alias.version}{shares}"


def _update(function: LambdaFunction, name: str, route: Route, before: Alias) -> Alias:
    guard: dict[str, Any] = {"RevisionId": before.revision} if before.revision else {}
    update = function.aws.clients.control.update_alias
    answer = function.seen(
        lambda: function.aws.call(
            update,
            FunctionName=function.ref.unqualified,
            Name=name,
            FunctionVersion=route.version,
            RoutingConfig={"AdditionalVersionWeights": route.weights},
            **guard,
        )
    )
    return Alias.of(answer)
