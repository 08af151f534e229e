"""Options about the engine of a run: who measures, and where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from powertune.cli.executing import MachineNames


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Who measures: this machine, or a state machine inside the account."""

    engine: Annotated[
        str | None,
        typer.Option(
            help="direct: from this machine; stepfunctions: by the state machine that `powertune deploy` makes.  "
            "[default: direct]",
            show_default=False,
        ),
    ] = None
    stack_name: Annotated[
        str | None,
        typer.Option(help="Stack of the state machine.  [default: powertune]", show_default=False),
    ] = None
    state_machine: Annotated[
        str | None,
        typer.Option(
            help="ARN of the state machine, instead of its stack. Live progress then needs --stack-name, which tells "
            "the bucket."
        ),
    ] = None
    attach: Annotated[
        str | None, typer.Option(help="Follow the execution of this ARN, which was started elsewhere.")
    ] = None

    @property
    def named(self) -> dict[str, str | None]:
        """What was given about the engine, by option."""
        return {"engine": self.engine, "stack_name": self.stack_name, "state_machine": self.state_machine}

    def elsewhere(self, target: str, given: Mapping[str, Any]) -> bool:
        """Whether a state machine measures.

        Args:
            given: the options of the run that were given.

        Raises:
            UsageError: there is no such engine, or it cannot do what else the command line asks for.
        """
        from powertune.cli import execution_checks

        machine = {"stack_name": self.stack_name, "state_machine": self.state_machine}
        if execution_checks.check_engine(self.engine, machine) == execution_checks.DIRECT:
            return False
        execution_checks.check_run(target, given)
        return True

    def check_attached(self) -> None:
        """See that the engine, if one was named, is that of an execution.

        Raises:
            UsageError: it is not.
        """
        from powertune.cli import execution_checks
        from powertune.errors import UsageError

        machine = {"stack_name": self.stack_name}
        if self.engine is not None and execution_checks.check_engine(self.engine, machine) == execution_checks.DIRECT:
            raise UsageError("--engine direct does not go with --attach", hint="leave --engine out")

    def machine(self, payload: str | None) -> "MachineNames":
        """The state machine, as it was named, and where its payload is."""
        from powertune.cli.executing import MachineNames

        in_s3 = payload if payload is not None and payload.startswith("s3://") else None
        return MachineNames(stack_name=self.stack_name, arn=self.state_machine, payload_s3=in_s3)
