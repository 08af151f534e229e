"""What every parser of this room shares: the limits of a file, and what one says that cannot be read."""

from powertune.errors import PlaceRefused
from powertune.iac.model import CodeSource
from powertune.units import shortened

#: CloudFormation takes templates of 1 MB. ruamel.yaml reads one in about ten seconds.
MOST_CHARACTERS = 1_000_000
BYTE_ORDER_MARK = "\ufeff"

#: A message repeats no more of a file.
_MOST_SHOWN = 300

#: A token of an outline: how deep it stands, what it is, and its own text.
Token = tuple[int, str, str]


def check_size(source: CodeSource) -> None:
    """Find out whether a file can be read in reasonable time.

    Raises:
        PlaceRefused: it is too large.
    """
    if len(source.text) > MOST_CHARACTERS:
        raise PlaceRefused(
            f"{source.path}: {len(source.text):,} characters are too many", hint=f"at most {MOST_CHARACTERS:,}"
        )


def unreadable(path: str, language: str, problem: str, line: int | None = None) -> PlaceRefused:
    """What is raised about a file that is not in its language."""
    where = path if line is None else f"{path}, line {line}"
    return PlaceRefused(
        f"{where} is not {language}: {shortened(problem, _MOST_SHOWN)}", hint="correct it, or name another file"
    )


def too_deep(path: str) -> PlaceRefused:
    """What is raised about a file that would exhaust the stack."""
    return PlaceRefused(f"{path} is nested too deeply", hint="name another file")
