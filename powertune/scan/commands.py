"""The commands that next steps name: each says which function or log group, and in which region, without doubt.

Functions are named by their ARNs, so that a command never changes a function of the same name in another account.
Everything is quoted for a shell.
"""

import shlex
from collections.abc import Sequence

from powertune.scan.evidence import AccountRegion, ScannedFunction


def run_command(
    function: ScannedFunction, sizes_mb: Sequence[int] = (), *, both: bool = False, save: str = ""
) -> str:
    """The command that measures a function at these sizes, and saves its results there."""
    words = ["powertune", "run", function.arn]
    words += ["--memory", ",".join(map(str, sorted(set(sizes_mb))))] if sizes_mb else []
    words += ["--arch", "both"] if both else []
    words += ["--save", save] if save else []
    return _command(function.place, *words)


def apply_command(function: ScannedFunction, file: str) -> str:
    """The command that gives a function what the run in a results file has recommended."""
    return _command(function.place, "powertune", "apply", file)


def function_command(function: ScannedFunction, action: str, *options: str, qualifier: str = "") -> str:
    """The command of the AWS CLI that does this to a function, or to the version or alias in `qualifier`."""
    arn = f"{function.arn}:{qualifier}" if qualifier else function.arn
    return _command(function.place, "aws", "lambda", action, "--function-name", arn, *options)


def account_command(place: AccountRegion, action: str) -> str:
    """The command of the AWS CLI that asks Lambda about an account in a region as a whole."""
    return _command(place, "aws", "lambda", action)


def log_group_command(place: AccountRegion, action: str, group: str, *options: str) -> str:
    """The command of the AWS CLI that does this to a log group."""
    return _command(place, "aws", "logs", action, "--log-group-name", group, *options)


def tail_command(function: ScannedFunction, *options: str) -> str:
    """The command of the AWS CLI that shows what a function has logged in the last day."""
    group = function.log_group or f"/aws/lambda/{function.name}"
    return _command(function.place, "aws", "logs", "tail", group, "--since", "1d", *options)


def _command(place: AccountRegion, *words: str) -> str:
    return shlex.join((*words, "--region", place.region))
