"""One function at a terminal, on a fake account: what is reported of a run, however it ends."""

import itertools
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeLambda, client_error
from many_functions import FakeSites
from runs import make_fake, plan_for

from powertune import results
from powertune.cli import rendering, tuning
from powertune.cli.outputs import Output
from powertune.cli.progress import RunObserver
from powertune.config import RunOptions
from powertune.errors import Interrupted, NotRestored


def outputs(folder: Path) -> tuple[Output, ...]:
    return (
        Output(format="markdown", path=folder / "report.md"),
        Output(format="json", path=None),
        Output(format="html", path=None, shown=True),
    )


def tuned(fake: FakeLambda, folder: Path, wished: Sequence[Output], **options: Any) -> None:
    plan = plan_for(fake, **options)
    site = FakeSites(fake).site("fn")
    tuning.measure_and_report(site, RunOptions(), plan, folder / "run.json", wished, quiet=True)


def interrupted_at(fake: FakeLambda, turn: int) -> FakeLambda:
    """The fake, as slow as AWS, with a signal to this process at an invocation."""
    turns = itertools.count()

    def interrupt(_: dict[str, Any]) -> None:
        if next(turns) == turn:
            os.kill(os.getpid(), signal.SIGTERM)

    fake.answer = interrupt
    fake.sleep = time.sleep
    fake.latency = {"running": 0.05}
    return fake


def test_what_was_measured_before_an_interruption_is_reported_without_a_browser(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = make_fake()
    before = fake.snapshot("fn")
    with pytest.raises(Interrupted) as caught:
        tuned(interrupted_at(fake, 20), tmp_path, outputs(tmp_path), invocations=200)
    assert caught.value.message == f"interrupted; fn is restored; what was measured is in {tmp_path}/run.json"
    assert fake.snapshot("fn") == before
    assert results.load(tmp_path / "run.json").stopped == "interrupted"
    assert "interrupted" in (tmp_path / "report.md").read_text()
    printed = capfd.readouterr()
    document = json.loads(printed.out)
    assert sum(each["invocations"]["warm"] for each in document["profiles"]) > 0
    assert printed.err == ""


def test_a_run_that_measured_nothing_has_no_report_and_an_earlier_results_file_is_not_taken_for_its_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tuned(make_fake(), tmp_path, ())
    fake = make_fake()

    def interrupt(call: str, _: Any) -> None:
        if call == "create_alias":
            os.kill(os.getpid(), signal.SIGTERM)

    fake.on_call = interrupt
    with pytest.raises(Interrupted):
        tuned(fake, tmp_path, outputs(tmp_path))
    assert not (tmp_path / "report.md").exists()
    assert capfd.readouterr().out == ""


def test_a_report_that_cannot_be_written_does_not_hide_that_the_function_is_not_restored(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = make_fake()

    def stuck(call: str, _: Any) -> None:
        if call == "delete_alias":
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    fake.on_call = stuck
    (tmp_path / "file").touch()
    with pytest.raises(NotRestored):
        tuned(fake, tmp_path, (Output(format="markdown", path=tmp_path / "file" / "report.md"),))
    assert "error: cannot write" in capfd.readouterr().err


def break_json(monkeypatch: pytest.MonkeyPatch, bug: BaseException) -> None:
    def broken(*_: Any) -> bytes:
        raise bug

    monkeypatch.setattr("powertune.report.json_report.render_json", broken)


@pytest.mark.parametrize(("bug", "said"), [(ValueError("no such axis"), True), (KeyboardInterrupt(), False)])
def test_a_bug_in_a_report_or_who_does_not_wait_for_it_does_not_hide_that_the_function_is_not_restored(
    bug: BaseException,
    said: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    fake = make_fake()

    def stuck(call: str, _: Any) -> None:
        if call == "delete_alias":
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    fake.on_call = stuck
    break_json(monkeypatch, bug)
    with pytest.raises(NotRestored) as caught:
        tuned(fake, tmp_path, outputs(tmp_path)[1:2])
    assert "powertune restore fn" in str(caught.value.hint)
    told = capfd.readouterr().err
    assert ("this is a bug in powertune" in told, "ValueError: no such axis" in told) == (said, said)


def test_a_bug_in_the_report_of_a_complete_run_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_json(monkeypatch, ValueError("no such axis"))
    with pytest.raises(ValueError, match="no such axis"):
        tuned(make_fake(), tmp_path, outputs(tmp_path)[1:2])


def test_a_signal_between_a_complete_run_and_its_reports_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = make_fake()
    leave = RunObserver.__exit__

    def interrupt(observer: RunObserver, *error: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        leave(observer, *error)

    monkeypatch.setattr(RunObserver, "__exit__", interrupt)
    tuned(fake, tmp_path, outputs(tmp_path)[:1])
    assert results.load(tmp_path / "run.json").stopped == "complete"
    assert (tmp_path / "report.md").is_file()
    assert capfd.readouterr().err == "writing the reports\n"


def test_a_signal_while_the_reports_are_written_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    show = rendering.show

    def interrupt(*arguments: Any, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        show(*arguments, **options)

    monkeypatch.setattr("powertune.cli.rendering.show", interrupt)
    tuned(make_fake(), tmp_path, outputs(tmp_path)[:1])
    assert (tmp_path / "report.md").is_file()
    assert capfd.readouterr().err == "writing the reports\n"
