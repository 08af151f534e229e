"""The document of a gate: it can be read back, and what is damaged is refused with its place."""

import json
from typing import Any

import pytest
from gates import alone, full_gate, judged, make_result, rules
from hypothesis import given
from hypothesis import strategies as st
from mutations import many, mutated_bytes, mutated_json, within

from powertune.errors import ExitCode, UsageError
from powertune.gate.document import dump_gate, parse_gate
from powertune.gate.model import GateVerdict
from powertune.gate.result import OnInconclusive
from powertune.report import GATE

TEXT = dump_gate(full_gate()).decode()


def damaged(change: Any) -> bytes:
    document = json.loads(TEXT)
    change(document)
    return json.dumps(document).encode()


def test_it_is_read_back_as_it_was() -> None:
    for result in (full_gate(), make_result(), full_gate(stopped="enough", on_inconclusive=OnInconclusive.WARN)):
        assert parse_gate(dump_gate(result)) == result
        assert dump_gate(parse_gate(dump_gate(result))) == dump_gate(result)


def test_programs_find_the_verdict_and_the_exit_code() -> None:
    document = json.loads(TEXT)
    assert document["schema"] == "powertune/gate/1"
    assert (document["verdict"], document["exit_code"]) == ("failed", 10)
    assert json.loads(dump_gate(make_result()))["exit_code"] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("judgement"), "'judgement' is missing"),
        (lambda d: d.update(schema="powertune/gate/2"), "newer powertune"),
        (lambda d: d.update(schema="powertune/run/1"), "results file of a run"),
        (lambda d: d.update(schema="nothing"), "not a gate's document"),
        (lambda d: d["judgement"]["look"].update(number=0), "look.number cannot be 0"),
        (lambda d: d["judgement"]["look"].update(number=9), "look.number cannot be 9"),
        (lambda d: d["judgement"]["checks"][1].update(verdict="maybe"), "verdict"),
        (lambda d: d["judgement"]["checks"][1].update(metric="packagesize"), "metric cannot be 'packagesize'"),
        (lambda d: d["judgement"]["checks"][1]["figure"].update(value="much"), "figure.value"),
        (lambda d: d["judgement"]["checks"][1]["figure"].update(interval=[2.0, 1.0]), "ends before it begins"),
        (lambda d: d["judgement"]["money"][0].update(interval=[2.0, 1.0]), "ends before it begins"),
        (lambda d: d["effort"].update(invocations=-1), "invocations cannot be -1"),
    ],
)
def test_what_is_damaged_is_refused(change: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_gate(damaged(change))


@many
@given(data=st.data())
def test_damaged_documents_are_refused_or_give_every_report(data: st.DataObject) -> None:
    text = data.draw(mutated_json(TEXT).map(str.encode) | mutated_bytes(TEXT.encode()))
    with within(20):
        try:
            result = parse_gate(text)
        except UsageError:
            return
        for format_ in GATE.renderers:
            assert GATE.render(result, format_)


@pytest.mark.parametrize(
    ("on_inconclusive", "code"),
    [(OnInconclusive.FAIL, ExitCode.INCONCLUSIVE), (OnInconclusive.WARN, None), (OnInconclusive.PASS, None)],
)
def test_what_becomes_of_an_inconclusive_build_is_asked_for(
    on_inconclusive: OnInconclusive, code: ExitCode | None
) -> None:
    from gates import gated, make_case

    case = make_case(gated(105.0, between=0.05), gated(between=0.05, seed=2))
    judgement = judged(case)
    assert judgement.verdict is GateVerdict.INCONCLUSIVE
    failure = make_result(judgement, on_inconclusive=on_inconclusive).failure
    assert (failure and failure.exit_code) == code
    if failure is not None:
        assert failure.message.startswith("the gate is inconclusive: orders 512 MB x86_64: duration ")
        assert "--max-invocations" in str(failure.hint)


def test_a_failed_gate_ends_with_10_and_names_the_change() -> None:
    failure = full_gate().failure
    assert failure is not None
    assert failure.exit_code is ExitCode.FAILED
    assert "the gate failed: orders 512 MB x86_64: duration 3" in failure.message
    assert make_result().failure is None
    assert make_result().headline == "the gate passed: 6 checks"
    warned = judged(alone(), rules=rules("avg{level:warn}<1ms", "avg<1s"))
    assert make_result(warned).headline == "the gate passed: 3 checks, 1 warning"
