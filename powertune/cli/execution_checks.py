"""What is wrong with a command line that names a state machine or an execution, found before anything is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from powertune.aws.executions import ExecutionArn
from powertune.cli.sources import parse_folder
from powertune.errors import UsageError
from powertune.units import did_you_mean, shown

DIRECT, STEP_FUNCTIONS = "direct", "stepfunctions"
ENGINES = (DIRECT, STEP_FUNCTIONS)


def check_engine(engine: str | None, given: Mapping[str, Any]) -> str:
    """The engine that was asked for.

    Args:
        given: the options about a state machine; None means not given.

    Raises:
        UsageError: there is no such engine, or it has no state machine.
    """
    name = engine or DIRECT
    if name not in ENGINES:
        raise UsageError(
            f"unknown engine {shown(name)}", hint=did_you_mean(name, ENGINES, f"one of {', '.join(ENGINES)}")
        )
    named = [option for option, value in given.items() if value is not None]
    if name == DIRECT and named:
        option = named[0].replace("_", "-")
        raise UsageError(f"--{option} is for the state machine", hint="add --engine stepfunctions, or leave it out")
    return name


def check_run(target: str, given: Mapping[str, Any]) -> None:
    """Refuse what only a run from this machine can do.

    Args:
        given: the options of the run that were given.

    Raises:
        UsageError: the target is code on this machine, or an option needs a file of it.
    """
    if parse_folder(target) is not None:
        raise UsageError(
            f"{shown(target)} is code on this machine, which the state machine cannot reach",
            hint="leave --engine out, or give the name or ARN of a function on AWS",
        )
    hints = {
        "start_from": "leave it out, or use --engine direct",
        "from_": "leave it out, or use --engine direct",
        "prices": "leave it out; the report can use them: powertune report --prices",
    }
    for option, hint in hints.items():
        if given.get(option) is not None:
            name = option.strip("_").replace("_", "-")
            raise UsageError(
                f"--{name} names a file of this machine, which the state machine does not know", hint=hint
            )


def check_attach(arn: str, words: Sequence[str], given: Mapping[str, Any], *, files: bool) -> None:
    """Refuse what cannot be chosen any more once an execution has started.

    Args:
        words: the arguments; where `files` are written, a shell may have made them of braces.
        given: the options that say what to measure, and how to judge it; None means not given.

    Raises:
        UsageError: there is a target, or such an option; or the ARN is not that of an execution.
    """
    ExecutionArn.parse(arn)
    if words and not files:
        raise UsageError(
            f"unexpected argument {shown(words[0])}: --attach follows an execution, whose function is known",
            hint="leave it out",
        )
    for name, value in given.items():
        if value is not None and name != "results_folder":
            option = name.strip("_").replace("_", "-")
            raise UsageError(
                f"--{option} is for a run that is started, and --attach follows one that has been",
                hint="leave it out; `powertune report` judges a results file by another goal, usage or prices",
            )
