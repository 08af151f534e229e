"""What a person sees while a run is under way, on terminals of the usual widths."""

import io
import re

import pytest
from factories import make_function, make_invocation, make_run
from rich.console import Console

from powertune.cli.interrupts import Interrupts
from powertune.cli.progress import RunObserver
from powertune.cli.tables.plan import plan_text
from powertune.config import RunOptions
from powertune.config.options import EMPTY_WORKLOAD
from powertune.model import Advisory, Payload, Workload
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable

widths = pytest.mark.parametrize("width", [60, 80, 120])
SIZES = (128, 1024, 10240)


def plan_of(platform: str | None = None, workload: Workload = EMPTY_WORKLOAD) -> Plan:
    return make_plan(
        RunOptions(memory=SIZES, invocations=398, environments=2, workload=workload),
        make_function(name="resize-images-for-the-catalog", platform=platform),
        PriceTable.bundled().region("us-east-1"),
        PriorKnowledge(account_concurrency=1000, average_ms=120.0),
        run_id="abcd1234",
    )


def last_frame(plan: Plan, width: int) -> list[str]:
    """The lines of the display when three sizes have been invoked 300 times each."""
    buffer = io.StringIO()
    terminal = Console(file=buffer, force_terminal=True, color_system=None, width=width, height=40)
    with RunObserver(plan, lambda run: None, Interrupts(), quiet=False, terminal=terminal) as observer:
        for size in plan.design.configurations:
            for number in range(300):
                observer.invoked(size, make_invocation(duration_ms=1000.0 + number), 0.0000852)
    frames = re.split(r"\x1b\[[0-9;?]*[A-Za-z]", buffer.getvalue())
    lines = "".join(frames).replace("\r", "\n").split("\n")
    begin = max(number for number, line in enumerate(lines) if str(plan.design.configurations[0]) in line)
    return [line.rstrip() for line in lines[begin : begin + 6] if line.strip()]


@pytest.mark.long
@widths
def test_every_label_bar_and_count_is_there(width: int) -> None:
    plan = plan_of()
    frame = last_frame(plan, width)
    assert all(len(line) <= width for line in frame)
    for line, size in zip(frame, plan.design.configurations, strict=False):
        assert re.fullmatch(rf" *{size} [━╸╺ ]{{8,}} +300/400 +1,150 ms ± 1 %", line), frame
    assert re.fullmatch(r" *all [━╸╺ ]{8,} +900/1200", frame[3]), frame
    assert "$0.0000852 of $1.00 spent" in " ".join(frame[4:])


def test_totals_grow_with_the_count() -> None:
    buffer = io.StringIO()
    terminal = Console(file=buffer, force_terminal=True, color_system=None, width=100, height=40)
    plan = plan_of()
    with RunObserver(plan, lambda run: None, Interrupts(), quiet=False, terminal=terminal) as observer:
        for _ in range(402):
            observer.invoked(plan.design.configurations[0], make_invocation(duration_ms=100.0), 0.0)
    shown = re.findall(r"(\d+)/(\d+)", buffer.getvalue())
    assert shown
    assert ("402", "402") in shown
    assert all(int(done) <= int(total) for done, total in shown)


def test_an_execution_says_nothing_of_time_before_every_size_is_warm() -> None:
    buffer = io.StringIO()
    terminal = Console(file=buffer, force_terminal=True, color_system=None, width=100, height=40)
    plan = plan_of()
    first = plan.design.configurations[0]
    with RunObserver(
        plan, lambda run: None, Interrupts(), quiet=False, terminal=terminal, in_batches=True
    ) as observer:
        for _ in range(50):
            observer.invoked(first, make_invocation(duration_ms=100.0), 0.0)
    assert " left" not in buffer.getvalue()


@widths
def test_on_the_embedded_aws_nothing_is_said_to_be_spent(width: int) -> None:
    plan = plan_of("embedded AWS")
    summary = " ".join(last_frame(plan, width)[4:])
    assert "$0.0000852 of $1.00 at AWS's prices" in summary
    assert "spent" not in summary
    text = " ".join(plan_text(plan, width=width).split())
    assert "cost nothing, as the embedded AWS is free; at AWS's prices about $" in text


@pytest.mark.parametrize(
    ("payloads", "words"),
    [
        ([b"{}"], "{}, an empty event; give a realistic one with --payload"),
        ([b'{"id":\n 1}'], '{"id": 1} (10 bytes)'),
        ([b'"' + b"x" * 98 + b'"'], '"' + "x" * 59 + "... (100 bytes)"),
        ([b"1", b"2"], "2 events, in shares of 75 %, 25 %"),
        ([b"1"] * 8, "8 events, in shares of 30 %, 10 %, 10 %, 10 %, ..."),
    ],
)
def test_a_plan_shows_the_event(payloads: list[bytes], words: str) -> None:
    weights = [3.0, *[1.0] * (len(payloads) - 1)]
    workload = Workload(
        payloads=tuple(Payload(body=body, weight=w) for body, w in zip(payloads, weights, strict=True))
    )
    (line,) = [each for each in plan_text(plan_of(workload=workload)).splitlines() if each.startswith("  event")]
    assert line == f"  event        {words}"


def test_an_answer_that_rejects_the_event_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    advisory = Advisory(code="error-answer", message="the function answered with 400", next_step="give an event")
    run = make_run(advisories=(advisory, Advisory(code="paused", message="a", next_step="b")))
    with RunObserver(plan_of(), lambda run: None, Interrupts(), quiet=False) as observer:
        observer.saved(run)
        observer.saved(run)
    assert capsys.readouterr().err == "warning: the function answered with 400; give an event\n"


@widths
def test_the_lines_of_a_plan_break_between_words(width: int) -> None:
    plan = plan_of()
    lines = plan_text(plan, width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == " ".join(plan_text(plan).split())
    assert {line[: len("  invocations  ")].strip() for line in lines[1:]} >= {"sizes", "cost", "time", "changes", ""}
