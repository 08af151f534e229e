"""The steps of `powertune apply --rollback` at a terminal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from powertune.aws.connection import connect
from powertune.aws.lambda_function import LambdaFunction
from powertune.cli.apply_progress import rolled_back_text
from powertune.cli.applying import Manner, rollback_command
from powertune.cli.command_line_checks import region_of
from powertune.cli.console import confirmed, say, write_stdout
from powertune.cli.interrupts import interruptible
from powertune.cli.tables.apply import rollback_text
from powertune.config.aliases import check_alias_name
from powertune.engine.applying.rollback import RollbackPlan, plan_rollback
from powertune.engine.applying.rollback import roll_back as roll_back_plan
from powertune.engine.restoring import restore_command
from powertune.errors import UsageError
from powertune.model import FunctionRef


def roll_back(target: str, given: Mapping[str, Any], manner: Manner) -> None:
    """Show what is going to be put back, ask, and do it.

    Args:
        given: options that are about a results file.

    Raises:
        UsageError: there are such options, or `target` is a file; or there is neither a terminal nor --yes.
        NotFound: nothing was applied that could be rolled back.
        Changed, FunctionBusy: somebody else has changed everything since, or is at work.
        NotRestored: it could not be finished.
    """
    ref = _checked(target, given)
    manner.check_consent(f"rolling back {target}")
    with connect(replace(manner.place, region=region_of(ref, manner.place.region))) as connection:
        function = LambdaFunction(connection.aws(), replace(ref, qualifier=None))
        command = rollback_command(target, connection.place)
        plan = plan_rollback(function, ref.qualifier, restore_command(str(function.ref), connection.place))
        text = rollback_text(target, plan)
        if manner.dry_run:
            write_stdout(text.encode())
            return
        say(text.rstrip())
        if not (manner.yes or confirmed("roll back?")):
            say("nothing was changed")
            return
        _roll_back(function, plan, command)


def _roll_back(function: LambdaFunction, plan: RollbackPlan, command: str) -> None:
    with interruptible() as interrupts:
        interrupts.restoring = True
        notes = roll_back_plan(function, plan, command)
    for note in notes:
        say(f"{note.message}; {note.next_step}")
    say(rolled_back_text(function.ref.name, notes))


def _checked(target: str, given: Mapping[str, Any]) -> FunctionRef:
    if given:
        name = next(iter(given)).replace("_", "-")
        raise UsageError(f"--{name} is not for a rollback", hint="what was applied is noted on the function")
    if target.endswith(".json"):
        raise UsageError(
            f"{target!r} is not a function", hint="name the function: powertune apply --rollback my-fn:prod"
        )
    ref = FunctionRef.parse(target)
    if ref.qualifier is not None:
        check_alias_name("the alias", ref.qualifier)
    return ref
