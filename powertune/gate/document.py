"""A judged gate as a versioned JSON document, which can be read back."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from powertune import documents
from powertune.documents import Document, Schema
from powertune.gate.gated_metrics import METRICS
from powertune.gate.model import Figure, Judgement
from powertune.gate.result import GateEffort, GateResult, OnInconclusive

GATE_SCHEMA = Schema(
    kind="powertune/gate",
    version=1,
    called="gate's document",
    remedy="give a file that `powertune gate --format json` wrote",
    mistaken=(
        (
            "powertune/run",
            "not the document of a gate but the results file of a run",
            "give it to `powertune report`",
        ),
        (
            "powertune/analysis",
            "not the document of a gate but the analysis of a run",
            "give it to nothing but programs",
        ),
        ("powertune/scan", "not the document of a gate but a scan", "show it with `powertune report`"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _GateDocument(Document):
    """The file as a whole: the fields of a result."""

    judgement: Judgement
    candidate: str
    effort: GateEffort
    tool_version: str
    judged_at: float
    baseline: str | None = None
    side_by_side: bool = False
    on_inconclusive: OnInconclusive = OnInconclusive.FAIL
    stopped: str | None = None


def gate_document(result: GateResult) -> dict[str, Any]:
    """The result as JSON objects, for `documents.write`.

    `verdict` and `exit_code` are there for programs: whoever reads it back derives them.
    """
    failure = result.failure
    return {
        "schema": GATE_SCHEMA.header,
        "verdict": result.judgement.verdict.value,
        "exit_code": 0 if failure is None else int(failure.exit_code),
        "headline": result.headline,
        **{f.name: getattr(result, f.name) for f in fields(GateResult)},
    }


def dump_gate(result: GateResult) -> bytes:
    """The document `powertune/gate/1`, as UTF-8.

    Raises:
        ValueError: a figure is NaN or infinite.
    """
    return documents.write(gate_document(result))


def parse_gate(data: bytes) -> GateResult:
    """The judged gate that a document holds.

    Raises:
        UsageError: not a gate's document, incomplete, damaged, or written by a newer powertune.
    """
    document = documents.read(data, _GateDocument, GATE_SCHEMA)
    result = GateResult(**{f.name: getattr(document, f.name) for f in fields(GateResult)})
    look = result.judgement.look
    if not 1 <= look.number <= look.of:
        raise GATE_SCHEMA.wrong("judgement.look.number", look.number, f"there are {look.of} looks")
    for index, check in enumerate(result.judgement.checks):
        if check.metric not in METRICS:
            raise GATE_SCHEMA.wrong(f"judgement.checks[{index}].metric", check.metric, f"one of {', '.join(METRICS)}")
    for place, (low, high) in _intervals(result.judgement):
        if high is not None and low > high:
            raise GATE_SCHEMA.wrong(place, (low, high), "it ends before it begins")
    return result


def _intervals(judgement: Judgement) -> Iterator[tuple[str, tuple[float, float | None]]]:
    for index, check in enumerate(judgement.checks):
        for name in ("figure", "baseline", "ratio"):
            figure: Figure | None = getattr(check, name)
            if figure is not None and figure.interval is not None:
                yield f"judgement.checks[{index}].{name}.interval", figure.interval
    for index, change in enumerate(judgement.money):
        if change.interval is not None:
            yield f"judgement.money[{index}].interval", change.interval
