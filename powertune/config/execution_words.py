"""What is said of an execution, in the keys of its input: messages and hints name the options of the command line."""

import re
from collections.abc import Mapping
from dataclasses import replace

from powertune.config import values
from powertune.config.execution_keys import DEFAULT, OPTION_KEYS
from powertune.errors import PowertuneError
from powertune.model import Advisory

#: Options and the keys that say the same.
KEYS_OF_OPTIONS: Mapping[str, str] = {
    **{f"--{values.dashed(option)}": key for key, option in OPTION_KEYS.items()},
    "--payload": "payload",
    "--sleep": "sleepBetweenRunsMs",
}
#: What stays as it is: commands, which are typed on a machine that has powertune.
_COMMAND = re.compile(
    r"`[^`]*`|\b(?:powertune (?:deploy|destroy|iam|prices|report|restore|run)|aws [a-z][a-z0-9-]*) [^;]*"
)
_OPTION = re.compile(r"--[a-z][a-z0-9-]*")
#: A value of the command line alone: a file.
_FILE = re.compile(r" @\S+")
#: Two options side by side, as they are typed.
_SIDE_BY_SIDE = re.compile(r"(--[a-z-]+ [\d.]+) (?=--)")
#: A command that does not help an execution, which has the prices of its own release.
_OF_NO_USE = "powertune prices refresh"
_JOINED = re.compile(r"^(?:or|and) ")


def in_keys(text: str) -> str:
    """A text with keys in place of options. An option without a key stays."""
    parts, end = [], 0
    for command in _COMMAND.finditer(text):
        parts += [_translated(text[end : command.start()]), command[0]]
        end = command.end()
    return "".join([*parts, _translated(text[end:])])


def hint_in_keys(hint: str | None) -> str | None:
    """A hint with keys in place of options, without the alternatives that an execution does not have; or None."""
    if hint is None:
        return None
    clauses = (_possible(clause) for clause in _split(hint, "; "))
    return "; ".join(clause for clause in clauses if clause) or None


def error_in_keys(error: PowertuneError) -> str:
    """An error as the cause of a failure: its message, then `; ` and its hint."""
    message, hint = in_keys(error.message), hint_in_keys(error.hint)
    return f"{message}; {hint}" if hint else message


def advisory_in_keys(advisory: Advisory) -> Advisory:
    """An advisory for whoever started the execution. Where no next step is left, its own one is better than none."""
    next_step = hint_in_keys(advisory.next_step) or advisory.next_step
    return replace(advisory, message=in_keys(advisory.message), next_step=next_step)


def _possible(clause: str) -> str:
    """The alternatives of a clause that an execution has."""
    parts = [in_keys(part) for part in _split(clause, ", ")]
    kept = [part for part in parts if _OF_NO_USE not in part and not _OPTION.search(_COMMAND.sub("", part))]
    if kept and kept[0] is not parts[0]:
        kept[0] = _JOINED.sub("", kept[0])
    return ", ".join(kept)


def _split(text: str, separator: str) -> list[str]:
    """The parts of a text. What stands in a command, or in brackets, is not split."""
    whole = [match.span() for match in re.finditer(r"\([^)]*\)", text)]
    whole += [match.span() for match in _COMMAND.finditer(text)]
    cuts = [
        match.start()
        for match in re.finditer(re.escape(separator), text)
        if not any(begin < match.start() < end for begin, end in whole)
    ]
    begins = [0, *(cut + len(separator) for cut in cuts)]
    return [text[begin:end] for begin, end in zip(begins, [*cuts, len(text)], strict=True)]


def _translated(text: str) -> str:
    text = _SIDE_BY_SIDE.sub(r"\1, ", text)
    text = text.replace("--strategy tolerance", f"--strategy {DEFAULT}")
    translated = _OPTION.sub(lambda option: KEYS_OF_OPTIONS.get(option[0], option[0]), text)
    return translated if translated == text else _FILE.sub("", translated)
