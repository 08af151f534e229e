"""Changes one value and nothing else, and proves it: the new text is read again before anybody sees it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from powertune.errors import PlaceRefused
from powertune.iac.candidate import MOST_SHOWN, Blank, Candidate, Setting, Slot, wanted_values
from powertune.iac.locating import choose
from powertune.iac.model import CodeChange, CodePlace, CodeSource, Desired, Edit, WantedFunction
from powertune.iac.reading import Token
from powertune.iac.survey import Survey, described, survey
from powertune.units import shortened

_ARCHITECTURE_NOTE = "the code of the function, its layers and its extensions must be built for {}"


def change(sources: tuple[CodeSource, ...], wanted: WantedFunction, value: Desired) -> CodeChange:
    """What to change so that code says the memory size and the architecture that are desired.

    Args:
        sources: the files of a folder, or one file.
        wanted: the function on AWS.
        value: what its code is to say.

    Raises:
        PlaceNotFound, PlaceAmbiguous: as for `locate`.
        PlaceRefused: a file cannot be read, or a value cannot be changed without guessing or changing something else.
    """
    found = survey(sources)
    number, notes = choose(found, sources, wanted)
    place = found.candidates[number].place
    texts = {source.path: source.text for source in sources}
    values = wanted_values(value)
    # What is said is about the files as they are, and is said before any of them is different.
    said = list(_surprise(place, wanted, value))
    said += [note for setting, text in values.items() for note in _step(found, number, setting, text).notes]
    for setting, text in values.items():
        step = _step(found, number, setting, text)
        if step.blank is not None:
            found = _proven(found, texts, step, step.blank)
    edits = tuple(
        Edit(path=source.path, before=source.text, after=texts[source.path])
        for source in sources
        if texts[source.path] != source.text
    )
    return CodeChange(place=place, edits=edits, notes=tuple(dict.fromkeys((*notes, *said))))


def _surprise(place: CodePlace, wanted: WantedFunction, value: Desired) -> Iterator[str]:
    """That the function on AWS is not what its code says: it was changed by hand, or this code is not that one's."""
    if value.memory_mb is None or wanted.memory_mb is None or place.memory_mb in (None, wanted.memory_mb):
        return
    yield (
        f"{place.resource} has {place.memory_mb} MB in the code, but {wanted.function_name} had {wanted.memory_mb} MB"
        " when it was measured; check that this is its code"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What to fill in for a setting of the candidate with a number; no blank if nothing has to be."""

    number: int
    setting: Setting
    value: str
    blank: Blank | None
    notes: tuple[str, ...]


def _step(found: Survey, number: int, setting: Setting, value: str) -> _Step:
    candidate = found.candidates[number]
    slot = candidate.slots[setting]
    if slot.value == value:
        note = f"the {setting} of {candidate.addresses[0]} is {value} already"
        return _Step(number=number, setting=setting, value=value, blank=None, notes=(note,))
    if slot.obstacle is not None:
        raise PlaceRefused(slot.obstacle.reason, hint=slot.obstacle.hint)
    others = _others(found, number, setting, slot.blank)
    notes = [note.replace("{}", value) for note in slot.notes]
    blank = slot.blank
    if blank is not None and not slot.kept and not (others and slot.inherited):
        _check_allowed(slot, blank, value)
    else:
        if slot.inherited:
            why = f" for {described(others)}" if others else f" ({slot.kept})" if slot.kept else ""
            notes = [f"{candidate.addresses[0]} gets its own {setting}; {slot.via} stays as it is{why}"]
        blank = slot.own
        others = _others(found, number, setting, blank)
    if blank is None:
        _refuse(slot.blank, f"the {setting} cannot be added to {candidate.addresses[0]}")
    if others:
        _refuse(blank, f"{slot.via or f'the {setting}'} is also that of {described(others)}")
    if setting is Setting.ARCHITECTURE:
        notes.append(_ARCHITECTURE_NOTE.format(value))
    return _Step(number=number, setting=setting, value=value, blank=blank, notes=tuple(notes))


def _others(found: Survey, number: int, setting: Setting, blank: Blank | None) -> list[Candidate]:
    """The other functions whose value is written in the same place, or would be."""
    if blank is None:
        return []
    return [
        each
        for n, each in enumerate(found.candidates)
        for other in (each.slots[setting].blank, each.slots[setting].own)
        if n != number and other is not None and other.span == blank.span
    ]


def _check_allowed(slot: Slot, blank: Blank, value: str) -> None:
    if slot.allowed and value not in slot.allowed:
        _refuse(blank, f"{slot.via} takes only {', '.join(slot.allowed)[:200]}")
    number = int(value) if value.isdigit() else None
    if number is not None and slot.least is not None and number < slot.least:
        _refuse(blank, f"{slot.via} takes at least {slot.least}")
    if number is not None and slot.most is not None and number > slot.most:
        _refuse(blank, f"{slot.via} takes at most {slot.most}")


def _refuse(blank: Blank | None, problem: str) -> NoReturn:
    place = f"{blank.path}, line {blank.line}: " if blank is not None else ""
    raise PlaceRefused(f"{place}{shortened(problem, MOST_SHOWN)}", hint="change it by hand")


def _proven(before: Survey, texts: dict[str, str], step: _Step, blank: Blank) -> Survey:
    """What files define with the change, which is made in `texts`.

    Raises:
        PlaceRefused: something else would be different.
    """
    old = texts[blank.path]
    written = blank.filled(before.candidates[step.number].word(step.value))
    texts[blank.path] = old[: blank.start] + written + old[blank.end :]
    after = survey([CodeSource(path=path, text=text) for path, text in texts.items()])
    alone = _only_that(before.outlines, after.outlines, blank.path, (old[blank.start : blank.end], written))
    expected = [_values(candidate) for candidate in before.candidates]
    expected[step.number] = {**expected[step.number], step.setting: step.value}
    if not alone or [_values(candidate) for candidate in after.candidates] != expected:
        _refuse(blank, f"putting {step.value} there would change more than the {step.setting}, or not change it")
    return after


def _values(candidate: Candidate) -> dict[object, object]:
    values: dict[object, object] = {setting: slot.value for setting, slot in candidate.slots.items()}
    return {**values, "path": candidate.path, "addresses": candidate.addresses, "called": candidate.called}


def _only_that(
    before: dict[str, tuple[Token, ...]],
    after: dict[str, tuple[Token, ...]],
    path: str,
    texts: tuple[str, str],
) -> bool:
    """Whether the tokens of a file differ in an old and a new text alone, and those of other files in nothing."""
    old, new = texts
    if {**before, path: ()} != {**after, path: ()} or path not in after:
        return False
    was, now = before[path], after[path]
    shorter = min(len(was), len(now))
    head = next((n for n in range(shorter) if was[n] != now[n]), shorter)
    tail = next((n for n in range(shorter - head) if was[-1 - n] != now[-1 - n]), shorter - head)
    gone, come = was[head : len(was) - tail], now[head : len(now) - tail]
    alike = not old or [token[:2] for token in gone] == [token[:2] for token in come]
    return alike and _written(gone) == _squeezed(old) and _written(come) == _squeezed(new)


def _written(tokens: Sequence[Token]) -> str:
    return _squeezed("".join(text for _, _, text in tokens))


def _squeezed(text: str) -> str:
    """A text without what separates: data have no commas and quotes in their tokens, and code has them."""
    return "".join(char for char in text if char not in " \t\r\n,:=.\"'[]")
