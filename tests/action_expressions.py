"""Expressions of GitHub Actions, as far as the actions here use them. Others are refused."""

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|&&|\|\||==|!=|[!()]|[\w.-]+)")


def resolve(text: object, scope: Mapping[str, Any]) -> str:
    """A text with its expressions replaced by their values."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: shown(evaluate(found[1], scope)), str(text))


def evaluate(text: str, scope: Mapping[str, Any]) -> Any:
    """What an expression is worth. `scope` holds the contexts, and whether a step has `failed`."""
    tokens, place = [], 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        assert found, f"cannot read {text[place:]!r}"
        tokens.append(found[1])
        place = found.end()
    reader = _Reader(tokens, scope)
    value = reader.either()
    assert tokens == [], f"{tokens} is left of {text!r}"
    return value


def truth(value: Any) -> bool:
    return value not in (False, None, "", 0)


def shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


class _Reader:
    """Takes the tokens of an expression one by one; a method per precedence."""

    def __init__(self, tokens: list[str], scope: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._scope = scope

    def either(self) -> Any:
        value = self._both()
        while self._took("||"):
            other = self._both()
            value = value if truth(value) else other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._took("&&"):
            other = self._compared()
            value = other if truth(value) else value
        return value

    def _compared(self) -> Any:
        value = self._one()
        for sign in ("==", "!="):
            if self._took(sign):
                return (shown(value).lower() == shown(self._one()).lower()) is (sign == "==")
        return value

    def _one(self) -> Any:
        token = self._tokens.pop(0)
        if token == "!":
            return not truth(self._one())
        if token == "(":
            value = self.either()
            assert self._took(")")
            return value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._took("("):
            assert self._took(")")
            return {"always": True, "cancelled": False, "success": not self._scope["failed"]}[token]
        return self._looked_up(token)

    def _looked_up(self, path: str) -> Any:
        """What is not there is empty, as the outputs of a step that was skipped."""
        context, *names = path.split(".")
        value = self._scope[context]
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _took(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        del self._tokens[0]
        return True
