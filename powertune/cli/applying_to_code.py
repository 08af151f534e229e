"""`powertune apply --iac`: what a run recommends, where infrastructure code defines the function. Touches no AWS."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from powertune.cli.applying import Manner, WantedChange
from powertune.cli.command_line_checks import region_of
from powertune.cli.console import confirmed, say
from powertune.cli.iac_changes import apply_iac
from powertune.errors import UsageError
from powertune.iac import Desired, Wanted
from powertune.model import FunctionRef

#: What concerns the function on AWS, and not its definition.
_ON_AWS = ("alias", "canary", "watch", "max_p95_increase", "min_invocations")


def check_options(given: Mapping[str, Any], *, iac: str | None, resource: str | None, write: bool) -> None:
    """See that options about infrastructure code come with --iac, and those about AWS without.

    Raises:
        UsageError: they do not.
    """
    if iac is None:
        if resource is not None or write:
            word = "--write" if write else "--resource"
            raise UsageError(f"{word} is about infrastructure code", hint="add --iac PATH, or leave it out")
        return
    for name in _ON_AWS:
        if name in given:
            raise UsageError(
                f"--{name.replace('_', '-')} is about the function on AWS, which --iac does not touch",
                hint="leave one of them out",
            )


def apply_to_code(wanted: WantedChange, path: str, *, resource: str | None, write: bool, manner: Manner) -> None:
    """Print the change as a diff, and write it if that is wanted.

    Raises:
        UsageError: --region is not that of the run; what was measured on the embedded AWS would be written; there is
            nobody to ask; or as `apply_iac`.
    """
    function, chosen = wanted.run.function, wanted.configuration
    region_of(FunctionRef.parse(function.arn), manner.place.region)
    if chosen is None:
        say(f"nothing to do: run {wanted.run.run_id} recommends that {function.name} stays at {function.current}")
        return
    writes = write and not manner.dry_run
    if function.platform is not None:
        problem = f"run {wanted.run.run_id} was measured on the embedded AWS, whose figures are not those of AWS"
        advice = "measure the function on AWS before you change its definition"
        if writes:
            raise UsageError(problem, hint=f"{advice}, or leave out --write to see the diff")
        say(f"note: {problem}; {advice}")
    if writes:
        manner.check_consent(f"writing {path}")
    for advisory in wanted.advisories:
        say(f"note: {advisory.message}; {advisory.next_step}")
    other = chosen.architecture if chosen.architecture is not function.architecture else None
    apply_iac(
        Wanted(function_name=function.name, resource=resource, memory_mb=function.memory_mb),
        Desired(memory_mb=chosen.memory_mb, architecture=other),
        Path(path),
        agreed=(lambda: manner.yes or confirmed("write this?")) if writes else None,
        quiet=manner.quiet,
    )
