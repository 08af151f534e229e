"""`apply --iac`: prints the change of infrastructure code as a diff, and writes it where that is wanted."""

import sys
from collections.abc import Callable
from pathlib import Path

from powertune import files
from powertune.cli.console import say, write_stdout
from powertune.cli.iac_sources import SourceFiles, read_sources
from powertune.errors import PlaceRefused, UsageError
from powertune.iac import Change, Desired, Edit, Wanted, change
from powertune.units import printable


def apply_iac(
    wanted: Wanted, desired: Desired, path: Path, *, agreed: Callable[[], bool] | None, quiet: bool
) -> Change:
    """Change what infrastructure code says about a function.

    The diff goes to stdout, and what to know about it to stderr. Then the files are written, if they are to be.

    Args:
        desired: what its code is to say.
        path: a file, or the folder of the code.
        agreed: says whether to write, once the diff is shown; None if the diff is all.
        quiet: do not say what has been done.

    Raises:
        PlaceNotFound, PlaceAmbiguous, PlaceRefused: as for `powertune.iac.change`.
        UsageError: a file cannot be read or written. No file is changed then.
    """
    found = read_sources(path)
    changed = change(found.sources, wanted, desired)
    write_stdout(_for_reader(changed.diff()).encode())
    for note in (*found.remarks, *changed.notes):
        say(note)
    written = agreed is not None and bool(changed.edits) and agreed()
    if written:
        write_edits(changed.edits, found)
    if changed.edits and not quiet:
        say(_outcome(changed, found, written=written))
    return changed


def _outcome(changed: Change, found: SourceFiles, *, written: bool) -> str:
    if written:
        return f"changed {', '.join(edit.path for edit in changed.edits)}; review it and deploy it"
    where = "" if found.folder == Path.cwd().resolve() else f" in {found.folder}"
    return f"nothing is written; apply the diff{where} with git apply or patch -p1"


def _for_reader(diff: str) -> str:
    """The diff as it is, unless a terminal would obey what it holds."""
    if not sys.stdout.isatty():
        return diff
    return "".join("\t".join(map(printable, line.split("\t"))) + "\n" for line in diff.split("\n")[:-1])


def write_edits(edits: tuple[Edit, ...], found: SourceFiles) -> None:
    """Change all files or none, if none of them has changed since it was read.

    Raises:
        PlaceRefused: one has changed.
        UsageError: one cannot be written.
    """
    for edit in edits:
        place = found.places[edit.path]
        if place.is_symlink() or not place.is_file() or place.read_bytes() != edit.before.encode():
            raise PlaceRefused(f"{edit.path} has changed since it was read", hint="try again")
    written: list[Edit] = []
    try:
        for edit in edits:
            files.write(edit.after.encode(), found.places[edit.path])
            written.append(edit)
    except UsageError:
        for edit in written:
            files.write(edit.before.encode(), found.places[edit.path])
        raise
