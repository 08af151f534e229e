"""Damaged results files: each is refused, or gives every report."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation
from hypothesis import given
from hypothesis import strategies as st
from mutations import many, mutated_bytes, mutated_json, within

from powertune import results
from powertune.analysis import analyze
from powertune.cli.tables.explanation import explanation
from powertune.cli.tables.run import render_run_table
from powertune.cli.tables.screen import Screen
from powertune.config import RunOptions
from powertune.errors import PowertuneError, UsageError
from powertune.measure import measure
from powertune.model import Exploration, Goal, Invocation, TuningRun, Usage
from powertune.plan import PriorKnowledge, make_plan
from powertune.prices import PriceTable
from powertune.report import RUN

REPORTS = Path(__file__).parents[2] / "reports"
PRICES = PriceTable.bundled()
#: Drawing a page or a picture takes long, so that only some cases are drawn.
TEXTS = ("json", "markdown", "csv", "raw-csv", "junit", "visualizer")


@cache
def recorded() -> str:
    """A grid that was measured, as the gallery has it, cut to three sizes of 24 invocations: each case takes less."""
    document = json.loads((REPORTS / "mixed" / "run.json").read_text())
    document["measurements"] = document["measurements"][:3]
    for measurement in document["measurements"]:
        columns = measurement["invocations"].items()
        measurement["invocations"] = {name: c[:24] if isinstance(c, list) else c for name, c in columns}
    return json.dumps(document)


@cache
def searched() -> str:
    """A search against a fake: everything that only a search records."""

    def behave(memory_mb: int, turn: int) -> Invocation:
        duration = (20 + 300 * max(1.0, 1769 / memory_mb)) * (1 + 0.02 * (turn % 5))
        return invocation(duration, memory_mb=memory_mb, init_ms=100.0 if turn == 0 else None, max_memory_used_mb=60)

    plan = make_plan(
        RunOptions(),
        make_function(name="fn", memory_mb=512),
        PRICES.region("us-east-1"),
        PriorKnowledge(account_concurrency=1000, average_ms=400.0),
        run_id="abcd1234",
    )
    run = measure(plan, FakeTarget(behave), RecordingObserver(), clock=lambda: 5.0, sleep=lambda seconds: None)
    return results.dump(run).decode()


def goal_of(run: TuningRun) -> Goal:
    return run.design.search.goal if isinstance(run.design.search, Exploration) else Goal()


def reported(data: str | bytes, formats: tuple[str, ...]) -> dict[str, str]:
    """Every report of a results file; none where the file, or its region, is refused."""
    try:
        run = results.parse(data)
        analysis = analyze(run, PRICES, goal_of(run), Usage())
    except PowertuneError:
        return {}
    texts = {name: RUN.render(analysis, name).decode() for name in formats}
    texts["table"] = render_run_table(analysis, Screen()).decode()
    texts["explain"] = explanation(run, analysis.currency)
    return texts


def check(texts: dict[str, str]) -> None:
    for name in ("table", "explain", "markdown", "junit"):
        for line in texts.get(name, "").split("\n"):
            assert line.isprintable(), f"{name}: {line!r}"
    if texts:
        document = json.loads(texts["json"], parse_constant=lambda constant: pytest.fail(f"JSON has no {constant}"))
        assert document["schema"] == "powertune/analysis/1"


#: A search takes ten times as long to judge as a grid.
_KINDS: dict[str, Callable[[], st.SearchStrategy[str | bytes]]] = {
    "grid": lambda: mutated_json(recorded()),
    "search": lambda: mutated_json(searched()),
    "bytes": lambda: mutated_bytes(recorded().encode()) | mutated_bytes(searched().encode()),
}
mutations = st.sampled_from(["grid", "grid", "grid", "grid", "search", "bytes"]).flatmap(lambda kind: _KINDS[kind]())


@pytest.mark.long
@many
@given(mutations)
def test_every_damaged_file_is_refused_or_reported(data: str | bytes) -> None:
    with within(60):
        check(reported(data, TEXTS))


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


COLUMNS = ("measurements", 0, "invocations")
EXPLORED = ("design", "exploration")

#: What parses as JSON, and overflows, hangs or divides by 0 later on.
EXTREME: dict[str, Callable[[Any], None]] = {
    "no memory": put("measurements", 0, "memory_mb", value=0),
    "one MB": put("measurements", 0, "memory_mb", value=1),
    "more memory than Lambda's schema has": put("measurements", 0, "memory_mb", value=32_769),
    "a function without memory": put("function", "memory_mb", value=0),
    "endless memory": put("measurements", 0, "memory_mb", value=2**63),
    "a search from 0 MB": put(*EXPLORED, "smallest_mb", value=0),
    "a search to 2^63 MB": put(*EXPLORED, "largest_mb", value=2**63),
    "an endless duration": put(*COLUMNS, "duration_ms", value=1e308),
    "no duration worth the name": put(*COLUMNS, "duration_ms", value=1e-320),
    "billed for ever": put(*COLUMNS, "billed_ms", value=10**400),
    "weights of nothing": put(*EXPLORED, "weights", value=[0.0]),
    "tiny weights": put(*EXPLORED, "weights", value=[1e-320]),
    "a number for weights": put(*EXPLORED, "weights", value=1),
    "a payload that is not one of the workload": put(*COLUMNS, "payload", value=7),
    "a huge cost": put("batches", -1, "leader", "cost", value=[0, 10**400]),
    "a lane of 400 digits": put(*COLUMNS, "lane", value=10**399),
    "a seed of 400 digits": put("design", "seed", value=10**399),
    "a hundred architectures": put(*EXPLORED, "architectures", value=["arm64"] * 100),
    "more cold starts than reports": put(
        "traffic", value={"invocations": 9, "days": 1, "reports": 1, "cold_starts": 2}
    ),
    "a precision of 2": put(*EXPLORED, "precision", value=2.0),
    "a balance of 10^15": put(*EXPLORED, "goal", "balanced_weight", value=1e15),
    "hints beyond number": put(
        *EXPLORED,
        "hints",
        value=[{"origin": "", "duration_ms": 1, "configuration": {"memory_mb": 128, "architecture": "arm64"}}] * 400,
    ),
    "measurements beyond number": lambda document: document["measurements"].extend(document["measurements"] * 400),
}


@pytest.mark.long
@pytest.mark.parametrize("case", EXTREME)
def test_a_figure_that_no_run_has_is_refused(case: str) -> None:
    document = json.loads(searched())
    EXTREME[case](document)
    with within(20), pytest.raises(UsageError, match="damaged") as caught:
        results.parse(json.dumps(document))
    assert caught.value.hint


@pytest.mark.parametrize("memory_mb", [128, 10_240, 32_768])
def test_all_memory_sizes_of_lambdas_schema_are_reported(memory_mb: int) -> None:
    document = json.loads(recorded())
    put("measurements", 0, "memory_mb", value=memory_mb)(document)
    check(reported(json.dumps(document), TEXTS))


ANSI = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\ud800"


def test_no_file_steers_a_terminal_by_its_explanation() -> None:
    document = json.loads(searched())
    document["batches"][0]["why"] = ANSI
    texts = reported(json.dumps(document), ("json",))
    check(texts)
    assert "\ufffd[2J" in texts["explain"]


#: Extremes that a run may well have: each is drawn.
DRAWN: dict[str, Callable[[Any], None]] = {
    "the longest durations": put(*COLUMNS, "duration_ms", value=1e9),
    "the shortest durations": put(*COLUMNS, "duration_ms", value=1e-12),
    "no duration": put(*COLUMNS, "duration_ms", value=0),
    "the largest size": put("measurements", 0, "memory_mb", value=32_768),
    "at the end of time": put("started_at", value=1e15),
    "a long name of half characters": put("function", "name", value="\ud800" * 10_000),
    "ANSI": put("function", "runtime", value=ANSI),
}


@pytest.mark.long
@pytest.mark.parametrize("case", DRAWN)
def test_extremes_that_are_possible_are_drawn(case: str) -> None:
    document = json.loads(searched())
    DRAWN[case](document)
    with within(60):
        texts = reported(json.dumps(document), ("json", "html", "svg"))
    assert texts.keys() >= {"html", "svg"}
    check(texts)
