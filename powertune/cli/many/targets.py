"""Which functions a command line names: one, or several, also in a file with one in each line."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from powertune.cli.code import find_code
from powertune.cli.command_line_checks import check_no_results, check_region
from powertune.cli.console import say
from powertune.cli.outputs import names_report
from powertune.cli.sources import parse_folder
from powertune.config import load_local
from powertune.errors import UsageError
from powertune.model import FunctionRef
from powertune.units import plural, shown

STDIN = "-"
#: What a list may hold. An account has a few thousand functions; a device or a wrong file may have no end.
_MOST_BYTES, _MOST_FUNCTIONS = 1_000_000, 5_000
#: How many wrong lines of a list are named.
_MOST_NAMED = 10
#: What no path of code holds, but a URL or a markup does.
_NO_PATH = ("://", "<", ">")
#: A name in each line, which the usual `--output text` of a list does not give.
_LISTING = "`aws lambda list-functions --query 'Functions[].[FunctionName]' --output text` prints one name per line"


def several(target: str | None, more: Sequence[str], listed: str | None, *, files: bool) -> tuple[str, ...] | None:
    """The functions to tune together, each once; None where the command line names one function, or none.

    Args:
        more: the arguments after the target; where `files` are written, a shell may have made some of braces.
        listed: the file that --functions-from names, or `-` for stdin.

    Raises:
        UsageError: the list cannot be read, a line of it names no function, or there is none in it.
    """
    words = [*(() if target is None else (target,)), *more_functions(more, files=files)]
    if listed is None and len(words) < 2:
        return None
    every = [*words, *(() if listed is None else read_list(listed))]
    named = Counter(every)
    distinct = tuple(named)
    if not distinct:
        raise UsageError(f"--functions-from {shown(listed)} names no function", hint="write one name or ARN per line")
    twice = [word for word, times in named.items() if times > 1]
    if twice:
        say(f"note: {', '.join(twice)} {'is' if len(twice) == 1 else 'are'} named more than once, and measured once")
    return distinct


def more_functions(more: Sequence[str], *, files: bool) -> tuple[str, ...]:
    """The functions among the arguments after the first: where files are written, not what a report ends in."""
    return tuple(word for word in more if not (files and names_report(word)))


def read_list(place: str) -> tuple[str, ...]:
    """The functions of a file: a name or an ARN in each line; `#` begins a comment, and empty lines say nothing.

    Raises:
        UsageError: it cannot be read, or lines are something else; their numbers are named.
    """
    text = _read(place)
    called = "stdin" if place == STDIN else shown(place)
    found: list[str] = []
    wrong: list[UsageError] = []
    for number, line in enumerate(text.splitlines(), start=1):
        name = line.partition("#")[0].strip()
        if name:
            try:
                found.append(_checked(name, f"line {number} of {called}"))
            except UsageError as error:
                wrong.append(error)
    if wrong:
        raise _all_wrong(wrong)
    if len(found) > _MOST_FUNCTIONS:
        raise UsageError(
            f"{called} names {plural(len(found), 'function')}, and {_MOST_FUNCTIONS:,} are the most",
            hint="powertune scan finds those that are worth measuring",
        )
    return tuple(found)


def check_kind(targets: Sequence[str]) -> bool:
    """See that all functions are on AWS, or all are code on this machine; whether it is code.

    Raises:
        UsageError: there are both; a target is neither; or a target is a results file.
    """
    for target in targets:
        check_no_results(target)
    code = [target for target in targets if parse_folder(target) is not None]
    if code and len(code) < len(targets):
        other = next(target for target in targets if target not in code)
        folder = f"; or write ./{other} to measure the code in that folder" if Path(other).is_dir() else ""
        raise UsageError(
            f"{shown(code[0])} is code on this machine, and {shown(other)} is a function on AWS",
            hint=f"tune them in two runs: durations of this machine mean nothing beside those of AWS{folder}",
        )
    return bool(code)


def distinct_code(targets: Sequence[str]) -> tuple[str, ...]:
    """Code on this machine, each handler once, however its path is written.

    Raises:
        UsageError: there is no such code.
    """
    found: dict[tuple[Path, str], str] = {}
    for target in targets:
        folder = parse_folder(target)
        assert folder is not None
        code = find_code(folder, load_local(folder.path))
        before = found.setdefault((folder.path.resolve(), code.handler), target)
        if before != target:
            say(f"note: {target} is the code that {before} names, and is measured once")
    return tuple(found.values())


def _all_wrong(errors: Sequence[UsageError]) -> UsageError:
    """What is wrong with the lines of a list, so that nobody has to correct them one at a time."""
    more = f"; and {plural(len(errors) - _MOST_NAMED, 'other line')}" if len(errors) > _MOST_NAMED else ""
    return UsageError("; ".join(error.message for error in errors[:_MOST_NAMED]) + more, hint=errors[0].hint)


def _checked(name: str, where: str) -> str:
    if name.startswith("-"):
        raise UsageError(
            f"{where} is {shown(name)}, which begins as an option does",
            hint="write its ARN, or give options as arguments",
        )
    if _is_path(name):
        raise UsageError(
            f"{where} is {shown(name)}, which is a path: a list names functions on AWS",
            hint="name code on this machine as an argument",
        )
    try:
        check_region(FunctionRef.parse(name).region)
    except UsageError as error:
        hint = _LISTING if len(name.split()) > 1 else error.hint
        raise UsageError(f"{where}: {error.message}", hint=hint) from None
    return name


def _is_path(name: str) -> bool:
    """Whether a line looks like code on this machine, which a list must not have run."""
    if any(part in name for part in _NO_PATH):
        return False
    return "/" in name or name.endswith((".py", ".js", ".mjs", ".cjs")) or name.startswith(".")


def _read(place: str) -> str:
    try:
        if place == STDIN:
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(place).open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is closed"
        raise UsageError(f"cannot read {shown(place)}: {reason}", hint="check --functions-from") from None
    if len(data) > _MOST_BYTES:
        raise UsageError(
            f"{shown(place)} is larger than {_MOST_BYTES:,} bytes", hint="write one name or ARN per line"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{shown(place)} is not UTF-8 text", hint="write one name or ARN per line") from None
