"""Undoing a dead run by the journal on the function, and deleting the copies beside it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from powertune.aws.copies.lifecycle import Copy, copy_of, delete_copy, find_copies
from powertune.aws.copies.names import copy_names
from powertune.aws.error_translation import how_to_restore
from powertune.aws.identity import ConnectionOptions
from powertune.aws.journal import Journal, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.undo import undo
from powertune.errors import AccessDenied, NotFound, NotRestored, PowertuneError, UsageError
from powertune.model import Advisory


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What runs have left of themselves: a journal on the function, and copies of it.

    `unnamed` are the copies that the journal does not name: nothing but their age says whether their runs are dead.
    `denied` says why copies were not looked for, if this identity may not list functions. `unreadable` says what is
    wrong with an alias that is called as the journal is, and which powertune has not written.
    """

    journal: Journal | None
    copies: tuple[Copy, ...]
    unnamed: tuple[Copy, ...]
    denied: str | None = None
    unreadable: UsageError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was left alone: `notes` are about the function, `kept` are copies that are not the run's any more."""

    notes: tuple[Advisory, ...]
    kept: tuple[Copy, ...]


def restore_command(target: str, place: ConnectionOptions) -> str:
    """What to type to undo a run by hand."""
    options = {"--region": place.region, "--profile": place.profile, "--endpoint-url": place.endpoint_url}
    given = [word for name, value in options.items() if value for word in (name, value)]
    return shlex.join(["powertune", "restore", target, *given])


def find_remains(function: LambdaFunction) -> Remains:
    """Look for what dead runs have left.

    Raises:
        NotFound: there is no such function, and no copy of it either. Copies outlive their function.
        UsageError: the journal cannot be read, and there is no copy that could be deleted all the same.
    """
    copies, denied = _copies(function)
    try:
        function.read()
    except NotFound:
        if not copies:
            raise
    journal, unreadable = None, None
    try:
        journal = read_journal(function)
    except UsageError as error:
        if not copies:
            raise
        unreadable = error
    named = () if journal is None else copy_names(function.ref.name, journal.run_id, journal.copies)
    unnamed = tuple(copy for copy in copies if copy.name not in named)
    return Remains(journal=journal, copies=copies, unnamed=unnamed, denied=denied, unreadable=unreadable)


def restore(
    function: LambdaFunction, journal: Journal | None, command: str, *, copies: Sequence[Copy] = ()
) -> Restored:
    """Undo what the journal says, and delete copies.

    Args:
        command: what to type to try again.

    Raises:
        NotRestored: AWS or the person kept it from being done.
    """
    name = function.ref.name
    function = replace(function, aws=function.aws.patient())
    try:
        notes = () if journal is None else undo(function, journal)
        kept = tuple(copy for copy in copies if not _deleted(function, copy))
    except NotRestored:
        raise
    except PowertuneError as error:
        raise NotRestored(f"{name} is not restored: {error.message}", hint=how_to_restore(error, command)) from error
    except KeyboardInterrupt:
        raise NotRestored(f"{name} is not restored: it was abandoned", hint=command) from None
    return Restored(notes=tuple(notes), kept=kept)


def _copies(function: LambdaFunction) -> tuple[tuple[Copy, ...], str | None]:
    """The function's copies; who may not list functions can still restore what a journal says."""
    try:
        return find_copies(function), None
    except AccessDenied as denied:
        return (), denied.message


def _deleted(function: LambdaFunction, copy: Copy) -> bool:
    return delete_copy(copy_of(function, copy.name), function.ref, copy.run_id)
