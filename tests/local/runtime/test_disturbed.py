"""An invocation that the host kept from its processor says so."""

from pathlib import Path

import pytest

from powertune.local.containment.contention import StolenTime
from powertune.local.functions import Function
from powertune.local.metrics.of_lambda import Metric
from powertune.local.package import zip_folder
from powertune.local.runtime.attempt import Request
from powertune.local.runtime.outputs import Line
from powertune.local.runtime.runner import Runner
from powertune.local.settings import Settings

HANDLER = """
import os, time


def handler(event, context):
    if event == "exit":
        os._exit(1)
    time.sleep(0.1)
"""


class Discard:
    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        pass

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        pass


def test_what_the_host_took_is_counted_from_the_event_to_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text(HANDLER)
    function = Function(
        account="1", region="us-east-1", name="f", version="1", arn="arn", deployment="d", runtime="python3.12",
        handler="app.handler", memory_mb=1769, timeout_s=60, code=zip_folder(tmp_path),
    )  # fmt: skip
    # In ms, before and after each invocation: none is taken, then 80, then 70 while the runtime is started again.
    readings = iter((0.0, 0.0, 100.0, 180.0, 180.0, 180.0, 200.0, 270.0))
    monkeypatch.setattr(StolenTime, "of", lambda *_: next(readings))
    runner = Runner(Settings(python_client="bootstrap"), Discard(), "http://127.0.0.1:9")
    try:
        outcomes = [
            runner.invoke(function, Request(payload=payload, resource="f", arn="arn"))
            for payload in (b"1", b"2", b'"exit"', b"3")
        ]
    finally:
        runner.close()
    assert [outcome.failed for outcome in outcomes] == [False, False, True, False]
    assert outcomes[0].waited_ms < 70
    assert outcomes[1].waited_ms >= 80
    assert outcomes[3].waited_ms >= 70
    assert next(readings, None) is None
