"""Reads what an apply has to know of a function. Changes nothing."""

from powertune.aws.client import Aws
from powertune.aws.journal import RECORD_ALIAS, Journal, check_free, record_name
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.stacks.caller import who_calls
from powertune.aws.version_metrics import AliasMetrics
from powertune.config.aliases import OWN_ALIASES
from powertune.engine.applying.model import ApplyRequest, FoundAlias, FoundFunction
from powertune.engine.applying.refusals import check_identity
from powertune.errors import FunctionBusy, UsageError
from powertune.model import TuningRun

#: No apply has this id: whatever journal is on the function is another's.
_NOBODY = ""


def find(
    aws: Aws, function: LambdaFunction, run: TuningRun, asked: ApplyRequest, *, now: float, restore: str
) -> FoundFunction:
    """Look at the function that a run has measured, as it is now.

    Args:
        now: seconds since the epoch.
        restore: the command that undoes what a dead run or apply has left.

    Raises:
        UsageError: the run was made in another account or region.
        NotFound: the function is gone.
        FunctionBusy: a run, or another apply, is active on it.
        AccessDenied: CloudWatch may not be read, which a canary takes.
    """
    check_identity(run, who_calls(aws).account_id, aws.region)
    latest = function.read()
    check_free(function, _NOBODY, restore)
    _check_record(function, asked.alias)
    aliases = function.aliases()
    others = tuple(
        (name, alias.version)
        for name, alias in sorted(aliases.items())
        if alias.version != "$LATEST" and not name.startswith(OWN_ALIASES)
    )
    known = aliases.get(asked.alias) if asked.alias is not None else None
    if asked.alias is None or known is None:
        return FoundFunction(latest=latest, others=others)
    if asked.canary is not None:
        # Whoever may not read CloudWatch is told before anything is changed.
        AliasMetrics(aws, function.ref.name, asked.alias).of((known.version,), now - 60, now)
    return FoundFunction(
        latest=latest,
        alias=FoundAlias(
            name=asked.alias,
            alias=known,
            version=latest if known.version == "$LATEST" else function.read(known.version),
            provisioned=_provisioned(function, asked.alias, known.version),
        ),
        others=others,
    )


def _check_record(function: LambdaFunction, alias: str | None) -> None:
    """See that the note of an earlier apply, which this one replaces, is one.

    Raises:
        FunctionBusy: somebody else has made an alias of that name.
    """
    name = record_name(alias)
    found = function.alias(name)
    if found is None:
        return
    try:
        Journal.decode(found.description)
    except UsageError:
        raise FunctionBusy(
            f"alias {name} of {function.ref.name} was not made by powertune, or by another version of it",
            hint=f"powertune notes in {RECORD_ALIAS} what it has applied: delete the alias if it is not needed",
        ) from None


def _provisioned(function: LambdaFunction, alias: str, version: str) -> tuple[str, ...]:
    """Which of an alias and its version has provisioned concurrency."""
    qualifiers = function.provisioned()
    named = (("alias", alias), ("version", version))
    return tuple(f"{kind} {qualifier}" for kind, qualifier in named if qualifier in qualifiers)
