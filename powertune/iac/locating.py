"""Which of the functions that code defines is the one on AWS: by what a person says, by logical id, or by name."""

from collections.abc import Sequence
from typing import NoReturn

from powertune.errors import PlaceAmbiguous, PlaceNotFound
from powertune.iac.called import Agreement
from powertune.iac.candidate import Candidate
from powertune.iac.model import CodePlace, CodeSource, WantedFunction
from powertune.iac.survey import Survey, described, survey, where
from powertune.units import shown


def locate(sources: tuple[CodeSource, ...], wanted: WantedFunction) -> CodePlace:
    """Where a function is defined.

    Raises:
        PlaceNotFound: the code does not define it, as far as it can be read.
        PlaceAmbiguous: several places may.
        PlaceRefused: the only file cannot be read.
    """
    found = survey(sources)
    return found.candidates[choose(found, sources, wanted)[0]].place


def choose(found: Survey, sources: Sequence[CodeSource], wanted: WantedFunction) -> tuple[int, tuple[str, ...]]:
    """The number of the candidate, and what to know about how it was found.

    Raises:
        PlaceNotFound, PlaceAmbiguous, PlaceRefused: as for `locate`.
    """
    unread = tuple(f"not looked into: {problem.message}" for problem in found.problems[:_MOST_REASONS])
    if len(found.problems) > _MOST_REASONS:
        unread = (*unread, f"not looked into: {len(found.problems) - _MOST_REASONS:,} more files")
    if wanted.resource is not None:
        chosen = [n for n, each in enumerate(found.candidates) if wanted.resource in each.addresses]
        number = _only(found, chosen, f"resource {shown(wanted.resource)}", sources)
        return number, (*_disagreement(found.candidates[number], wanted), *unread)
    for fitting, doubts in ((_by_logical_id, (_LOGICAL_ID,)), (_by_name, ()), (_by_pattern, (_PATTERN,))):
        if chosen := [n for n, each in enumerate(found.candidates) if fitting(each, wanted)]:
            number = _only(found, chosen, f"function {shown(wanted.function_name)}", sources)
            certain = _by_name(found.candidates[number], wanted)
            return number, (*(() if certain else doubts), *unread)
    return _not_found(found, sources, f"function {shown(wanted.function_name)}")


#: A folder may hold hundreds of templates without this function.
_MOST_REASONS = 5
_LOGICAL_ID = (
    "found by its logical id, which functions of other stacks may have, too: check that this code is that function's"
)
_PATTERN = "found by the pattern of its name, without its stack or stage: check that this code is that function's"


def _by_logical_id(candidate: Candidate, wanted: WantedFunction) -> bool:
    return (
        wanted.logical_id is not None
        and candidate.has_logical_id(wanted.logical_id)
        and candidate.called.agrees(wanted.function_name) is not Agreement.NO
    )


def _by_name(candidate: Candidate, wanted: WantedFunction) -> bool:
    return candidate.called.agrees(wanted.function_name) is Agreement.EXACT


def _by_pattern(candidate: Candidate, wanted: WantedFunction) -> bool:
    """One with another logical id than the function's is another function, whatever its name may be."""
    if wanted.logical_id is not None and candidate.logical_id is not None:
        return False
    return candidate.called.agrees(wanted.function_name) is Agreement.PATTERN


def _only(found: Survey, chosen: Sequence[int], what: str, sources: Sequence[CodeSource]) -> int:
    if not chosen:
        _not_found(found, sources, what)
    if len(chosen) > 1:
        places = described(found.candidates[number] for number in chosen)
        raise PlaceAmbiguous(
            f"{what} may be any of {places}",
            hint="name the one with --resource; if they are called the same, give its file instead of a folder",
        )
    return chosen[0]


def _not_found(found: Survey, sources: Sequence[CodeSource], what: str) -> NoReturn:
    if found.problems and not found.candidates:
        raise found.problems[0]
    reasons = "; ".join((*found.remarks, *(problem.message for problem in found.problems))[:_MOST_REASONS])
    there = f"say which one it is with --resource: {described(found.candidates)}" if found.candidates else ""
    raise PlaceNotFound(
        f"{what} is not in {where(sources)}{f' ({reasons})' if reasons else ''}",
        hint=there or "give the file or folder that defines it",
    )


def _disagreement(candidate: Candidate, wanted: WantedFunction) -> tuple[str, ...]:
    if candidate.called.agrees(wanted.function_name) is not Agreement.NO or not candidate.called.written:
        return ()
    return (f"{candidate.addresses[0]} is called {candidate.called.written[:100]} here, not {wanted.function_name}",)
