"""boto3, the AWS CLI and the AWS SDK for JavaScript get the same answers from the embedded AWS."""

import itertools
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conformance.cases import ECHO, Step, cases
from conformance.clients import Answer, Client, JavaScript
from conformance.packages import packed

from powertune.local.embedded import EmbeddedAWS

CASES = cases(
    packed({"app.py": ECHO}),
    packed({"app.py": "def handler(event, context):\n    return 'other'\n"}),
    packed({"python/extra.py": "VALUE = 1\n"}),
)
_numbers = itertools.count(1)
_UNTIL_S = 60


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES.keys())
def test_every_client_gets_the_same_answers(client: Client, embedded: EmbeddedAWS, steps: tuple[Step, ...]) -> None:
    now = datetime.now(UTC)
    known = {
        "prefix": f"{type(client).__name__.lower()}-{next(_numbers)}",
        "role": embedded.role_arn,
        "region": embedded.settings.region,
        "hour_ago": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "in_an_hour": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for step in steps:
        parameters = filled(step.parameters, known)
        if isinstance(client, JavaScript):
            parameters = with_times(parameters)
        answer = replayed(client, step, parameters, known)
        check_failure(step, answer, known)
        assert differences(filled(step.answer, known), answer.document) == [], (step.operation, answer.document)
        known |= {name: str(found(answer.document, path)) for name, path in step.remember.items()}


def replayed(client: Client, step: Step, parameters: dict[str, Any], known: Mapping[str, str]) -> Answer:
    """Ask; again and again where the answer is to become as expected."""
    deadline = time.monotonic() + _UNTIL_S
    while True:
        answer = client.ask(step.kind, step.service, step.name, parameters)
        settled = not step.until or differences(filled(step.answer, known), answer.document) == []
        if settled or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)


def check_failure(step: Step, answer: Answer, known: Mapping[str, str]) -> None:
    if step.failure is None:
        assert answer.failure is None, (step.operation, answer.failure)
        return
    assert answer.failure is not None, (step.operation, answer.document)
    assert answer.failure.code == step.failure.code
    assert filled(step.failure.message, known) in answer.failure.message
    # The CLI does not tell the status.
    assert answer.failure.status in (0, step.failure.status)
    # Throttling is all that an SDK tries again.
    assert answer.attempts in (None, 2 if step.failure.status == 429 else 1)


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """With what is known in place of the names in braces."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {key: filled(each, known) for key, each in value.items()}
    return [filled(each, known) for each in value] if isinstance(value, list) else value


def with_times(parameters: dict[str, Any]) -> dict[str, Any]:
    """The JavaScript SDK takes times as such only."""
    return {
        name: datetime.fromisoformat(value) if name in ("StartTime", "EndTime") else value
        for name, value in parameters.items()
    }


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where an answer is not as expected. Lists are compared to their end, objects by what is expected of them."""
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping):
            return [f"{path}: {found!r} is no object"]
        return [
            each for key, value in expected.items() for each in differences(value, found.get(key), f"{path}.{key}")
        ]
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return [f"{path}: {found!r} has not {len(expected)} items"]
        pairs = zip(expected, found, strict=True)
        return [each for n, (one, other) in enumerate(pairs) for each in differences(one, other, f"{path}.{n}")]
    if isinstance(expected, re.Pattern):
        return [] if isinstance(found, str) and expected.search(found) else [f"{path}: {found!r}"]
    return [] if expected == found else [f"{path}: {found!r} is not {expected!r}"]


def found(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document[int(name) if name.isdigit() else name]
    return document


def test_a_difference_is_found() -> None:
    assert differences({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}], "d": 3}) == []
    assert differences({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == [".a.0.b: 2 is not 1"]
    assert differences({"a": [1]}, {"a": [1, 2]}) == [".a: [1, 2] has not 1 items"]
    assert differences({"a": re.compile("^x")}, {"a": "yx"}) == [".a: 'yx'"]
    assert differences({"a": {}}, {}) == [".a: None is no object"]
