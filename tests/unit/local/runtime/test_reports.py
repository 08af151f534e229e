"""Lambda's log lines, to the letter."""

import json

import pytest

from powertune.local.functions import LogFormat
from powertune.local.runtime import reports
from powertune.local.runtime.reports import Report

TEXT, JSON, QUIET = LogFormat(), LogFormat(json=True), LogFormat(json=True, system_level="WARN")
BASE = {"request_id": "r-1", "version": "3", "duration_ms": 3.1, "memory_mb": 128, "max_memory_used_mb": 37}


def report(**changes: object) -> Report:
    return Report(**{**BASE, **changes})  # type: ignore[arg-type]


def test_text() -> None:
    assert reports.start_line(TEXT, 0, "r-1", "3") == "START RequestId: r-1 Version: 3\n"
    assert reports.end_line(TEXT, 0, report()) == "END RequestId: r-1\n"
    assert reports.report_line(TEXT, 0, report(init_ms=142.01)) == (
        "REPORT RequestId: r-1\tDuration: 3.10 ms\tBilled Duration: 146 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 37 MB\tInit Duration: 142.01 ms\t\n"
    )


@pytest.mark.parametrize(
    ("changes", "suffix"),
    [
        ({}, "37 MB\t\n"),
        ({"status": "error", "error_type": "ValueError"}, "37 MB\t\n"),
        ({"status": "timeout"}, "37 MB\tStatus: timeout\t\n"),
        (
            {"status": "error", "error_type": "Runtime.OutOfMemory", "crashed": True},
            "37 MB\tStatus: error\tError Type: Runtime.OutOfMemory\t\n",
        ),
    ],
)
def test_status_in_text(changes: dict[str, object], suffix: str) -> None:
    line = reports.report_line(TEXT, 0, report(**changes))
    assert line is not None
    assert line.endswith(suffix)


@pytest.mark.parametrize(
    ("duration", "init", "hidden", "billed"),
    [(3.1, None, 0, 4), (3.0, None, 0, 3), (0.0, None, 0, 1), (3.4, 100.3, 0, 104), (10000, None, 937.2, 10938),
     (2.004, None, 0, 2), (0.1, 0.2, 0, 1)],
)  # fmt: skip
def test_billed_duration(duration: float, init: float | None, hidden: float, billed: int) -> None:
    assert report(duration_ms=duration, init_ms=init, hidden_init_ms=hidden).billed_ms == billed


def test_json() -> None:
    line = reports.report_line(JSON, 0.5, report(init_ms=142.0))
    assert json.loads(str(line)) == {
        "time": "1970-01-01T00:00:00.500Z",
        "type": "platform.report",
        "record": {
            "requestId": "r-1",
            "metrics": {
                "durationMs": 3.1,
                "billedDurationMs": 146,
                "memorySizeMB": 128,
                "maxMemoryUsedMB": 37,
                "initDurationMs": 142.0,
            },
            "status": "success",
        },
    }
    failed = report(status="error", error_type="ValueError")
    assert json.loads(str(reports.report_line(JSON, 0, failed)))["record"]["errorType"] == "ValueError"
    assert json.loads(str(reports.start_line(JSON, 0, "r-1", "3")))["record"] == {"requestId": "r-1", "version": "3"}
    assert reports.end_line(JSON, 0, report()) is None
    debug = LogFormat(json=True, system_level="DEBUG")
    assert json.loads(str(reports.end_line(debug, 0, report())))["type"] == "platform.runtimeDone"
    assert json.loads(str(reports.end_line(JSON, 0, failed)))["record"]["errorType"] == "ValueError"


def test_levels() -> None:
    assert reports.start_line(QUIET, 0, "r", "1") is None
    assert reports.report_line(QUIET, 0, report()) is None
    assert reports.report_line(QUIET, 0, report(status="timeout")) is not None


def test_init_report() -> None:
    def line(log: LogFormat, kind: str | None, status: str) -> str:
        return str(
            reports.init_report_line(log, 0, duration_ms=1236.04, phase="init", status=status, error_type=kind)
        )

    assert line(TEXT, "Runtime.ImportModuleError", "error") == (
        "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError\t\n"
    )
    assert line(TEXT, None, "timeout").endswith("Status: timeout\t\n")
    assert json.loads(line(JSON, "X", "error"))["record"]["errorType"] == "X"
    assert "errorType" not in json.loads(line(JSON, None, "timeout"))["record"]


def test_tail_is_the_last_four_kilobytes() -> None:
    assert reports.tail(["a" * 4000, "b" * 100]) == b"a" * 3996 + b"b" * 100
    assert reports.tail(["é"]) == "é".encode()
