import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.logs.report_line import ReportLine, parse_report, parse_reports
from powertune.model import Status

ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
WARM = (
    f"REPORT RequestId: {ID}\tDuration: 3.10 ms\tBilled Duration: 4 ms\tMemory Size: 2048 MB\t"
    "Max Memory Used: 95 MB\t"
)


def json_report(request_id: str = ID, **metrics: object) -> str:
    return json.dumps(
        {
            "time": "2026-11-22T10:00:00.000Z",
            "type": "platform.report",
            "record": {
                "requestId": request_id,
                "status": "success",
                "metrics": {
                    "durationMs": 3.1,
                    "billedDurationMs": 4,
                    "memorySizeMB": 2048,
                    "maxMemoryUsedMB": 95,
                    **metrics,
                },
            },
        }
    )


def test_a_warm_invocation() -> None:
    assert parse_report(f"START RequestId: {ID} Version: 1\nEND RequestId: {ID}\n{WARM}\n") == ReportLine(
        request_id=ID, duration_ms=3.1, billed_ms=4, memory_mb=2048, max_memory_used_mb=95
    )


def test_a_cold_start_with_a_trace() -> None:
    report = parse_report(
        f"{WARM}Init Duration: 542.01 ms\t\nXRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\tSegmentId: 07f\t\n"
    )
    assert report is not None
    assert (report.init_ms, report.trace_id) == (542.01, "1-5e34a614-10bdxmplf1fb44f07bc535a1")


def test_billed_duration_is_taken_as_it_is_with_snapstart() -> None:
    report = parse_report(
        f"REPORT RequestId: {ID}\tDuration: 127.10 ms\tBilled Duration: 154 ms\tMemory Size: 512 MB\t"
        "Max Memory Used: 95 MB\tRestore Duration: 325.93 ms\tBilled Restore Duration: 26 ms\t\n"
    )
    assert report is not None
    assert (report.duration_ms, report.billed_ms, report.restore_ms) == (127.1, 154, 325.93)


@pytest.mark.parametrize(
    ("suffix", "outcome"),
    [
        ("Status: timeout\t", Status.TIMEOUT),
        ("Status: error\tError Type: Runtime.ExitError\t", Status.CRASH),
        ("Status: error\tError Type: Runtime.OutOfMemory\t", Status.OUT_OF_MEMORY),
        ("Status: error\t", Status.CRASH),
        ("", Status.OK),
    ],
)
def test_how_it_ended(suffix: str, outcome: Status) -> None:
    report = parse_report(WARM + suffix)
    assert report is not None
    assert report.outcome is outcome


def test_a_kill_with_all_memory_used_is_out_of_memory() -> None:
    text = WARM.replace("95 MB", "2048 MB") + "Status: error\tError Type: Runtime.ExitError\t"
    report = parse_report(text)
    assert report is not None
    assert report.outcome is Status.OUT_OF_MEMORY


def test_a_timeout_as_it_is_reported_in_china() -> None:
    report = parse_report(f"{WARM}\n\n2026-11-22T10:00:00.000Z {ID} Task timed out after 3.00 seconds\n")
    assert report is not None
    assert report.outcome is Status.TIMEOUT


def test_json_and_text_agree() -> None:
    assert parse_report(json_report()) == parse_report(WARM)
    cold = parse_report(json_report(initDurationMs=542.01, restoreDurationMs=1.5))
    assert cold is not None
    assert (cold.init_ms, cold.restore_ms) == (542.01, 1.5)


def test_json_failures_and_traces() -> None:
    document = json.loads(json_report())
    document["record"] |= {
        "status": "error",
        "errorType": "Runtime.ExitError",
        "tracing": {"value": "Root=1-abc;Parent=2;Sampled=1"},
    }
    report = parse_report(json.dumps(document))
    assert report is not None
    assert (report.outcome, report.trace_id) == (Status.CRASH, "1-abc")
    document["record"] |= {"status": "failure", "errorType": "ValueError", "tracing": {"value": "Parent=2"}}
    report = parse_report(json.dumps(document))
    assert report is not None
    assert (report.outcome, report.trace_id) == (Status.ERROR, None)


def test_a_tail_whose_first_line_is_cut() -> None:
    text = json_report()[40:] + "\n" + json_report(request_id="aaaaaaaa-1", durationMs=7.0)
    assert list(parse_reports(text)) == ["aaaaaaaa-1"]


def test_the_asked_invocation_is_found_among_others() -> None:
    text = WARM.replace(ID, "aaaaaaaa-1").replace("3.10", "9.90") + "\n" + WARM
    report = parse_report(text, "aaaaaaaa-1")
    assert report is not None
    assert report.duration_ms == 9.9
    assert parse_report(text, "bbbbbbbb-1") is None


def test_fields_in_any_order_and_with_spaces() -> None:
    report = parse_report(
        f"REPORT RequestId: {ID} Billed Duration: 4 ms Max Memory Used: 95 MB Memory Size: 2048 MB Duration: 3.10 ms"
    )
    assert report == parse_report(WARM)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        WARM[: WARM.index("Billed")],
        WARM.replace("Billed Duration: 4 ms", "Billed Duration: 0 ms"),
        WARM.replace("Duration: 3.10 ms", "Duration: NaN ms"),
        WARM[10:],
        "[" * 4000,
        '{"type":"platform.report"}',
        '{"type":"platform.report","record":{"metrics":{},"requestId":"a"}}',
        '{"type":"platform.report","record":[]}',
        json_report(durationMs=True),
        json_report(billedDurationMs=float("nan")),
        json_report(billedDurationMs="4"),
        json_report(request_id=7),  # type: ignore[arg-type]
        "platform.report " + "[" * 4000,
    ],
)
def test_what_is_not_a_report_is_missing_and_never_zero(text: str) -> None:
    assert parse_report(text) is None


@given(st.text())
def test_any_text_gives_a_report_or_nothing(text: str) -> None:
    report = parse_report(text)
    assert report is None or (report.duration_ms >= 0 and report.billed_ms >= 1)


@given(st.text(), st.text(), st.integers(0, len(WARM)))
def test_any_cut_in_any_surroundings(before: str, after: str, cut: int) -> None:
    report = parse_report(f"{before}\n{WARM[:cut]}\n{after}", ID)
    assert report is None or (report.duration_ms >= 0 and report.billed_ms >= 1)


@given(
    duration=st.floats(0.01, 900_000).map(lambda value: round(value, 2)),
    billed=st.integers(1, 900_000),
    memory=st.integers(128, 10_240),
    init=st.none() | st.floats(0.01, 10_000).map(lambda value: round(value, 2)),
    noise=st.text(st.characters(codec="utf-8", exclude_characters="\r\n")),
    as_json=st.booleans(),
)
def test_what_is_reported_is_what_is_read(
    duration: float, billed: int, memory: int, init: float | None, noise: str, as_json: bool
) -> None:
    more = f"Init Duration: {init:.2f} ms\t" if init is not None else ""
    text = (
        f"REPORT RequestId: {ID}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: 40 MB\t{more}\n"
    )
    if as_json:
        optional: dict[str, Any] = {} if init is None else {"initDurationMs": init}
        text = json_report(
            durationMs=duration, billedDurationMs=billed, memorySizeMB=memory, maxMemoryUsedMB=40, **optional
        )
    report = parse_report(f"{noise}\n{text}", ID)
    assert report == ReportLine(
        request_id=ID,
        duration_ms=duration,
        billed_ms=billed,
        memory_mb=memory,
        max_memory_used_mb=40,
        init_ms=init,
    )
