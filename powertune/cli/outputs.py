"""Where reports go: stdout, or files whose endings name their formats."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from powertune import files
from powertune.cli.console import write_stdout
from powertune.errors import UsageError
from powertune.report import RUN, TABLE, Format
from powertune.units import did_you_mean

_PAGE = "html"
#: What --raw turns formats into.
_RAW = {"csv": "raw-csv", "raw-csv": "raw-csv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A format, and the file to write it to; None is stdout.

    `shown`: in a browser, once it is written; where there is no file, it is written to a temporary one.
    """

    format: str
    path: Path | None
    shown: bool = False

    @property
    def on_stdout(self) -> bool:
        """Whether it is printed."""
        return self.path is None and not self.shown


def parse_outputs(
    format_: str | None, named: Sequence[str], more: Sequence[str] = (), *, raw: bool = False, page: bool = False
) -> tuple[Output, ...]:
    """The reports to write and where, checked before anything is measured.

    Args:
        raw: every invocation, where csv is asked for.
        page: show the HTML report in a browser.

    Raises:
        UsageError: as for `name_outputs`; or --raw without csv.
    """
    outputs = _raw(name_outputs(format_, named, more, RUN.formats), raw=raw)
    return _shown(outputs) if page else outputs


def name_outputs(
    format_: str | None, named: Sequence[str], more: Sequence[str], known: Mapping[str, Format]
) -> tuple[Output, ...]:
    """What to write and where: files in the format that is named, else in that of their endings; else a table.

    `r.{html,png}` stands for both files. Where a shell has expanded it itself, all but the first arrive as `more`
    arguments.

    Args:
        known: the formats that there are.

    Raises:
        UsageError: an unknown format or ending, a place that cannot be written to, a file that is named twice, a
            picture for a terminal, or an argument too many.
    """
    if more and not named:
        raise UsageError(f"unexpected argument {more[0]!r}", hint="files to write come after -o")
    paths = [Path(name) for file in (*named, *more) for name in _expanded(file)]
    if format_ is not None and format_ not in known:
        raise UsageError(f"unknown format {format_!r}", hint=did_you_mean(format_, tuple(known)))
    for number, path in enumerate(paths):
        check_place(path)
        refuse_overwriting([path], paths[:number])
    if format_ is not None and len(paths) > 1:
        raise UsageError(
            f"--format {format_} cannot apply to {len(paths)} files",
            hint="leave it out: the endings name the formats",
        )
    if not paths and known[format_ or TABLE].binary and sys.stdout.isatty():
        raise UsageError(f"{format_} is not for a terminal", hint=f"write a file: -o report.{format_}")
    outputs = tuple(Output(format=format_ or _by_ending(path, known), path=path) for path in paths)
    return outputs or (Output(format=format_ or TABLE, path=None),)


def names_report(word: str) -> bool:
    """Whether a word ends as the file of a report does, braces included."""
    endings = tuple(suffix for each in RUN.formats.values() for suffix in each.suffixes)
    return any(name.lower().endswith(endings) for name in _expanded(word))


def refuse_overwriting(written: Iterable[Path | None], kept: Iterable[str | Path | None]) -> None:
    """Find out whether a file that is to be written would replace another one that matters. None is no file.

    Raises:
        UsageError: it would.
    """
    # Devices and pipes hold nothing that could be lost.
    places = {os.path.realpath(path): path for path in kept if path is not None}
    for path in written:
        place = None if path is None else os.path.realpath(path)
        if place in places and (not Path(place).exists() or Path(place).is_file()):
            raise UsageError(f"{str(path)!r} would overwrite {str(places[place])!r}", hint="name another file")


def check_place(path: Path) -> None:
    """See that a file can be written, before anything is measured.

    Raises:
        UsageError: it cannot.
    """
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a directory", hint="name a file in it")
    if not files.can_write(path):
        raise UsageError(f"cannot write {str(path)!r}", hint="choose another place")


def write_output(data: bytes, file: str | None) -> None:
    """Write to stdout, or to a file.

    Raises:
        UsageError: it cannot be written.
    """
    if file is None:
        write_stdout(data)
    else:
        write_file(data, Path(file))


def write_file(data: bytes, path: Path) -> None:
    """Write a report, whole or not at all, and the folder for it.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}", hint="choose another place") from error
    files.write(data, path)


def _expanded(text: str) -> Iterator[str]:
    """`out/r.{html,png}` as two names; what holds no braces with a comma as it is."""
    match = re.search(r"\{([^{}]*,[^{}]*)\}", text)
    if match is None:
        yield text
        return
    for choice in match[1].split(","):
        yield from _expanded(text[: match.start()] + choice + text[match.end() :])


def _by_ending(path: Path, known: Mapping[str, Format]) -> str:
    name = path.name.lower()
    endings = {suffix: name for name, each in known.items() for suffix in each.suffixes}
    for suffix in sorted(endings, key=len, reverse=True):
        if name.endswith(suffix):
            return endings[suffix]
    if name in known:
        raise UsageError(f"-o names a file, and {name!r} is a format", hint=f"did you mean --format {name}?")
    raise UsageError(
        f"the ending of {str(path)!r} names no format",
        hint=f"one of {' '.join(sorted(endings))}, or say which with --format",
    )


def _raw(outputs: tuple[Output, ...], *, raw: bool) -> tuple[Output, ...]:
    """The outputs, with every invocation instead of every configuration where that was asked for."""
    if not raw:
        return outputs
    if not any(output.format in _RAW for output in outputs):
        raise UsageError("--raw is for csv", hint="--format csv --raw, or -o invocations.csv --raw")
    return tuple(replace(output, format=_RAW.get(output.format, output.format)) for output in outputs)


def _shown(outputs: tuple[Output, ...]) -> tuple[Output, ...]:
    """The outputs, with the HTML page to be shown: a file that was asked for, else one of its own."""
    if any(output.format == _PAGE and output.path for output in outputs):
        return tuple(replace(output, shown=output.format == _PAGE) for output in outputs)
    return (*outputs, Output(format=_PAGE, path=None, shown=True))
