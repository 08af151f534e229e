"""Why a definition is refused: what AWS checks before it accepts one, in AWS's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_DEFINITION_BYTES = 1024 * 1024
_TERMINAL_TYPES = frozenset({"Succeed", "Fail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A reason. `location` is a path in the definition, None where the whole of it is meant."""

    code: str
    message: str
    location: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location else "")


def problems_in(definition: Any) -> tuple[Problem, ...]:
    """What is wrong with the transitions of a definition, and of those inside its Map and Parallel states."""
    if not isinstance(definition, Mapping):
        return (
            Problem(code="SCHEMA_VALIDATION_FAILED", message="The definition must be a JSON object", location="/"),
        )
    return tuple(_in_scope(definition, ""))


def _in_scope(scope: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Problems of one map of states: a state cannot go to one outside its own."""
    states = scope.get("States")
    missing = [field for field in ("StartAt", "States") if field not in scope]
    if missing or not isinstance(states, Mapping) or not all(isinstance(state, Mapping) for state in states.values()):
        wanted = ", ".join(missing or ["States"])
        yield _schema(f"These fields are required: [{wanted}]", where or "/")
        return
    targets = [("StartAt", str(scope["StartAt"]), f"{where}/StartAt")]
    for name, state in states.items():
        place = f"{where}/States/{name}"
        yield from _in_state(name, state, place)
        targets.extend((name, target, at) for target, at in _targets(state, place))
    for _, target, at in targets:
        if target not in states:
            yield Problem(code="MISSING_TRANSITION_TARGET", message=f"Missing 'Next' target: {target}", location=at)
    if not any(_is_terminal(state) for state in states.values()):
        yield Problem(code="MISSING_END_STATE", message="Workflow has no terminal state")
        return
    for name in sorted(set(states) - _reachable(targets)):
        yield Problem(
            code="MISSING_TRANSITION_TARGET",
            message=f'State "{name}" is not reachable.',
            location=f"{where}/States/{name}",
        )


def _in_state(name: str, state: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if not 0 < len(name) <= 80:
        yield Problem(
            code="INVALID_STATE_NAME", message="The state name must have 1 to 80 characters", location=where
        )
    kind = state.get("Type")
    if kind not in (*_TERMINAL_TYPES, "Choice") and "Next" not in state and "End" not in state:
        yield _schema("These fields are required: [Next]", where)
    if kind == "Choice":
        for index, rule in enumerate(_list(state.get("Choices"))):
            if "Next" not in rule:
                yield _schema("These fields are required: [Next]", f"{where}/Choices[{index}]")
    for inner, at in _inner_scopes(state, where):
        yield from _in_scope(inner, at)


def _inner_scopes(state: Mapping[str, Any], where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), Mapping):
            yield state[field], f"{where}/{field}"
    for index, branch in enumerate(_list(state.get("Branches"))):
        yield branch, f"{where}/Branches[{index}]"


def _targets(state: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Where a state can go, and where it says so."""
    for field in ("Next", "Default"):
        if field in state:
            yield str(state[field]), f"{where}/{field}"
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(_list(state.get(field))):
            if "Next" in rule:
                yield str(rule["Next"]), f"{where}/{field}[{index}]/Next"


def _reachable(targets: list[tuple[str, str, str]]) -> set[str]:
    """The states that something leads to from the start."""
    found: set[str] = set()
    ahead = [target for source, target, at in targets if source == "StartAt" and at.endswith("/StartAt")]
    while ahead:
        state = ahead.pop()
        if state not in found:
            found.add(state)
            ahead.extend(target for source, target, at in targets if source == state and not at.endswith("/StartAt"))
    return found


def _is_terminal(state: Mapping[str, Any]) -> bool:
    return state.get("Type") in _TERMINAL_TYPES or state.get("End") is True


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _schema(message: str, location: str) -> Problem:
    return Problem(code="SCHEMA_VALIDATION_FAILED", message=message, location=location)
