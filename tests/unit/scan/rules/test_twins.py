"""Functions with the same code: reported together if they are configured differently, or take different times."""

import pytest
from scanned import busy, known, place_evidence, scanned_function

from powertune.model import Architecture
from powertune.scan.evidence import FunctionEvidence
from powertune.scan.finding import Severity
from powertune.scan.rules.twins import RULE

FAST, SLOW = busy(duration_sum_ms=100_000_000.0), busy(duration_sum_ms=131_000_000.0)


def twin(name: str, usage: object = FAST, **changes: object) -> FunctionEvidence:
    """A function with the same code as others."""
    return known(scanned_function(name, **{"code_sha256": "same", "handler": "app.handler", **changes}), usage=usage)


@pytest.mark.parametrize(
    "changes", [{"memory_mb": 512}, {"architecture": Architecture.X86_64}, {"timeout_s": 30}], ids=str
)
def test_may_be_configured_differently(changes: dict[str, object]) -> None:
    (found,) = RULE.check(place_evidence(twin("b"), twin("a", **changes), twin("c")))

    assert found.name == "a"
    assert found.subject == "arn:aws:lambda:us-east-1:123456789012:function:a"
    assert found.summary == "3 functions have the same code, but are configured differently"
    assert (found.severity, found.saving) == (Severity.INFO, None)
    assert found.next_step == (
        "`powertune run arn:aws:lambda:us-east-1:123456789012:function:a --save a.json --region us-east-1`, "
        "`powertune run arn:aws:lambda:us-east-1:123456789012:function:b --save b.json --region us-east-1`, "
        "then `powertune compare a.json b.json`"
    )


def test_may_take_different_times() -> None:
    (found,) = RULE.check(place_evidence(twin("a"), twin("b", SLOW)))

    assert found.summary == "2 functions have the same code, but take different times"
    assert [fact.text for fact in found.facts] == [
        "a: 1,024 MB, arm64, timeout 10 s, 100 ms on average in 1,000,000 invocations",
        "b: 1,024 MB, arm64, timeout 10 s, 131 ms on average in 1,000,000 invocations",
    ]


def test_lists_ten_of_many_and_says_if_handlers_are_unknown() -> None:
    functions = [twin(f"f{number:02}", usage=None, memory_mb=512 + number, handler="") for number in range(12)]
    (found,) = RULE.check(place_evidence(*functions))

    assert len(found.facts) == 12
    assert found.facts[0].text == "f00: 512 MB, arm64, timeout 10 s"
    assert [fact.text for fact in found.facts[-2:]] == ["and 2 more", "their handlers are not known, and may differ"]


@pytest.mark.parametrize(
    "others",
    [
        (twin("a"), twin("b")),
        (twin("a"), twin("b", busy(duration_sum_ms=130_000_000.0))),
        (twin("a"), twin("b", busy(invocations=99, duration_sum_ms=99_000.0))),
        (twin("a"), twin("b", None)),
        (twin("a"), twin("b", SLOW, handler="other.handler")),
        (twin("a"), twin("b", SLOW, runtime="python3.12")),
        (twin("a", code_sha256=""), twin("b", SLOW, code_sha256="")),
        (twin("a"), twin("b", SLOW, code_sha256="other")),
    ],
    ids=["alike", "nearly", "few", "unknown", "handler", "runtime", "no hash", "other code"],
)
def test_is_not_said_otherwise(others: tuple[FunctionEvidence, ...]) -> None:
    assert not list(RULE.check(place_evidence(*others)))
