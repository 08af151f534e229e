"""Damaged infrastructure code: it is changed as it says, or refused with a next step, and soon."""

from random import Random

import pytest
from hypothesis import given
from iac_cases import CASES
from mutations import damaged_text, many, seeds, within

from powertune.errors import UsageError
from powertune.iac import Change, Source, Wanted, change

SECONDS = 60
#: What means something in one of the languages.
PIECES = (
    *("!Ref ", "!If ", "&a ", "*a", "<<: ", "{", "}", "[", "]", "---\n", "\t", "|\n", "? ", "- ", "# ", ": ", ","),
    *(
        "${",
        "$${",
        "<<EOT\n",
        "%{if a}",
        "var.x",
        "local.x",
        "for_each = a\n",
        "count = 2\n",
        '"',
        "'",
        "`",
        "...",
        "/*",
    ),
    *(
        "MemorySize: 128\n",
        "memory_size = 128\n",
        "memorySize: 128,",
        "\r\n",
        "\ufeff",
        "\u2028",
        "\x85",
        "{{resolve:",
    ),
)


def damaged(seed: int) -> tuple[tuple[Source, ...], Wanted, int]:
    """The files of a case, one of them with damage of any kind or of a kind that means something."""
    chance = Random(seed)
    case = chance.choice(CASES)
    sources = list(case.sources)
    number = chance.randrange(len(sources))
    text = sources[number].text
    if chance.random() < 0.5:
        text = damaged_text(chance, text)
    else:
        for _ in range(chance.randint(1, 3)):
            at = chance.randint(0, len(text))
            cut = chance.choice((0, 0, 1, 10))
            text = text[:at] + chance.choice(PIECES) + text[at + cut :]
    sources[number] = Source(path=sources[number].path, text=text)
    return tuple(sources), case.wanted, seed


def changed_or_refused(sources: tuple[Source, ...], wanted: Wanted, seed: int) -> Change | None:
    case = next(each for each in CASES if each.wanted == wanted)
    with within(SECONDS):
        try:
            return change(sources, wanted, case.desired)
        except UsageError as refusal:
            error = refusal
    assert error.hint
    assert len(error.message) < 4_000
    return None


@pytest.mark.long
@many
@given(seeds.map(damaged))
def test_damaged_code(given_code: tuple[tuple[Source, ...], Wanted, int]) -> None:
    sources, wanted, seed = given_code
    made = changed_or_refused(sources, wanted, seed)
    if made is None:
        return
    after = {edit.path: edit.after for edit in made.edits}
    again = tuple(Source(path=each.path, text=after.get(each.path, each.text)) for each in sources)
    second = changed_or_refused(again, wanted, seed)
    assert second is not None
    assert second.edits == ()
    for edit in made.edits:
        # What was there is still there, but for at most two values.
        assert len(edit.after) - len(edit.before) < 200
