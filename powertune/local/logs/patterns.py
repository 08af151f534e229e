"""Filter patterns, as FilterLogEvents, metric filters and subscription filters take them: text to predicate.

Not supported: the `@` system fields of centralized logs (`fieldSelectionCriteria`).
"""

import re
from collections.abc import Callable

from powertune.local.logs.pattern_fields import FieldsPattern, fields_pattern
from powertune.local.logs.pattern_grammar import INVALID, unquote
from powertune.local.logs.pattern_json import json_pattern
from powertune.local.logs.pattern_values import BadPatternError, regex

Matches = Callable[[str], bool]

MOST_CHARACTERS = 1024
_TERM = re.compile(
    r'(?P<mode>[?-]?)\s*(?:(?P<phrase>"(?:[^"\\]|\\.)*")|(?P<regex>%[^%\s]+%)|(?P<word>\w+))(?=\s|$|[?"-])'
)


def filter_pattern(pattern: str | None) -> Matches:
    """Whether a pattern selects a message.

    Raises:
        BadPatternError: CloudWatch Logs refuses the pattern.
    """
    text = (pattern or "").strip()
    if len(text) > MOST_CHARACTERS:
        raise BadPatternError(f"The filter pattern is longer than {MOST_CHARACTERS} characters")
    if text.startswith("{"):
        if not text.endswith("}"):
            raise BadPatternError("If a filter pattern starts with '{' it must end with '}'")
        return json_pattern(text)
    if text.startswith("["):
        if not text.endswith("]"):
            raise BadPatternError("If a filter pattern starts with '[' it must end with ']'")
        return fields_pattern(text)
    return _terms(text)


def extracted_values(matches: Matches, message: str) -> dict[str, str]:
    """The fields that a space-delimited pattern finds, as TestMetricFilter names them; others find none."""
    found = matches.extract(message) if isinstance(matches, FieldsPattern) else None
    return {f"${name}": value for name, value in (found or {}).items()}


def _terms(text: str) -> Matches:
    """Words and phrases: all are to be there, those with `-` are not, and of those with `?` any one.

    With terms of the other two kinds, those with `?` are ignored.
    """
    kinds: dict[str, list[Matches]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise BadPatternError(INVALID)
        kinds[match["mode"]].append(_term(match))
        at = match.end() + re.match(r"\s*", text[match.end() :]).end()  # type: ignore[union-attr] # it matches always
    wanted, unwanted, options = kinds[""], kinds["-"], kinds["?"]
    if options and not wanted and not unwanted:
        return lambda message: any(option(message) for option in options)
    if len(wanted) == 1 and not unwanted:
        return wanted[0]
    return lambda message: all(term(message) for term in wanted) and not any(term(message) for term in unwanted)


def _term(match: re.Match[str]) -> Matches:
    if match["regex"]:
        return regex(match["regex"][1:-1])
    term = unquote(match["phrase"]) if match["phrase"] else match["word"]
    return lambda message: term in message
