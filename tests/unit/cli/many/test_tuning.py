"""Several functions at a terminal, on a fake account: what is written, and how it ends."""

import io
import itertools
import json
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeLambda, answer, client_error, report_text
from many_functions import FakeSites, fake_functions, wanted, wishes

from powertune import results
from powertune.cli.many.finishing import SUMMARY, finish
from powertune.cli.many.planning import FunctionToTune
from powertune.cli.many.tuning import ManyWishes, tune_functions
from powertune.cli.outputs import Output
from powertune.cli.site import Site
from powertune.errors import (
    Bug,
    ExitCode,
    FunctionFailed,
    Inconclusive,
    Interrupted,
    NotFound,
    NotRestored,
    PowertuneError,
    UsageError,
)
from powertune.report.functions import FunctionResults

NAMES = ("one", "two", "three")


def tune(asked: list[FunctionToTune], sites: FakeSites, wishes: ManyWishes) -> FunctionResults | None:
    with ExitStack() as signals:
        return tune_functions(asked, sites, wishes, signals)


def tuned(fake: FakeLambda, asked: list[FunctionToTune], wishes: ManyWishes) -> FunctionResults:
    found = tune(asked, FakeSites(fake), wishes)
    assert found is not None
    return found


def saved(folder: Path) -> Any:
    return json.loads((folder / SUMMARY).read_text())


def by_name(folder: Path) -> dict[str, str]:
    return {each["target"]: each["status"] for each in saved(folder)["functions"]}


def test_all_have_a_results_file_and_one_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fake = fake_functions(*NAMES, duration_ms=lambda memory_mb: 100.0)
    before = {name: fake.snapshot(name) for name in NAMES}
    asked = wanted(*NAMES, invocations_per_month="30M")
    found = tuned(fake, asked, wishes(save=tmp_path))
    finish(found, wishes(save=tmp_path))
    assert found.failure is None
    document = saved(tmp_path)
    assert document["schema"] == "powertune/functions/1"
    assert document["exit_code"] == 0
    assert [each["rank"] for each in document["functions"]] == [1, 2, 3]
    for each in document["functions"]:
        assert results.load(Path(each["results_file"])).function.name == each["function"]["name"]
        assert each["analysis"]["schema"] == "powertune/analysis/1"
    printed = capfd.readouterr()
    assert printed.out.startswith("3 functions, 3 with an answer\n")
    assert printed.err == ""
    assert {name: fake.snapshot(name) for name in NAMES} == before


def deny(name: str) -> Any:
    def on_call(call: str, kwargs: Any) -> None:
        if call == "publish_version" and kwargs["FunctionName"].endswith(f":{name}"):
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:PublishVersion", 403)

    return on_call


def test_one_of_three_fails_and_ends_the_command_and_no_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions(*NAMES)
    fake.on_call = deny("two")
    found = tuned(fake, wanted(*NAMES), wishes(save=tmp_path))
    with pytest.raises(PowertuneError) as caught:
        finish(found, wishes(save=tmp_path))
    assert caught.value.exit_code is ExitCode.ACCESS_DENIED
    assert by_name(tmp_path)["two"] == "failed"
    assert set(by_name(tmp_path).values()) <= {"failed", "change", "stay"}
    (failed,) = [each for each in saved(tmp_path)["functions"] if each["target"] == "two"]
    assert (failed["error"]["kind"], failed["error"]["exit_code"], failed["rank"]) == ("AccessDenied", 4, 3)
    printed = capfd.readouterr()
    assert "1 of 3 functions has no answer: two" in printed.err
    assert "without an answer:\n  two: " in printed.out


def test_wrong_names_are_rows_and_the_others_are_tuned(tmp_path: Path) -> None:
    found = tuned(fake_functions("one"), wanted("nosuch", "one"), wishes(save=tmp_path))
    with pytest.raises(NotFound, match="function nosuch does not exist"):
        finish(found, wishes(save=tmp_path))
    assert by_name(tmp_path)["nosuch"] == "failed"
    assert by_name(tmp_path)["one"] in ("change", "stay")
    assert saved(tmp_path)["exit_code"] == 5


def test_if_all_fail_the_first_reason_is_told_and_the_report_is_written(tmp_path: Path) -> None:
    found = tuned(fake_functions(), wanted("a", "b"), wishes(save=tmp_path, max_spend=1.5))
    with pytest.raises(NotFound, match="function a does not exist"):
        finish(found, wishes(save=tmp_path))
    assert by_name(tmp_path) == {"a": "failed", "b": "failed"}
    assert (saved(tmp_path)["spent"], saved(tmp_path)["max_spend"]) == (0, 1.5)


def test_a_function_that_fails_at_every_size_is_a_failure_of_its_own(tmp_path: Path) -> None:
    fake = fake_functions("one", "two")

    def fail(call: dict[str, Any]) -> dict[str, Any] | None:
        if call["configuration"]["FunctionName"] == "two":
            text = report_text(call["request_id"], duration=5.0, billed=5, memory=128)
            return answer(call["request_id"], text, payload=b'{"errorType": "Broken"}', error="Unhandled")
        return None

    fake.answer = fail
    found = tuned(fake, wanted("one", "two"), wishes(save=tmp_path))
    with pytest.raises(FunctionFailed):
        finish(found, wishes(save=tmp_path))
    assert by_name(tmp_path)["two"] == "failed"


def test_the_budget_runs_out_half_way_and_those_not_reached_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions(*NAMES, duration_ms=lambda memory_mb: 2_500.0)
    limit = {"memory": "1024", "invocations": "20", "max_spend": "0.0009"}
    asked = [replace(each, told={**each.told, **limit}) for each in wanted(*NAMES)]
    found = tuned(fake, asked, wishes(save=tmp_path, at_once=1))
    with pytest.raises(Inconclusive):
        finish(found, wishes(save=tmp_path, at_once=1))
    assert found.spent <= 0.0009
    unbegun = [name for name, status in by_name(tmp_path).items() if status == "not-begun"]
    assert unbegun
    printed = capfd.readouterr()
    assert all(f"  {name}: not begun: it may take $" in printed.out for name in unbegun)


def test_a_scan_gives_each_function_a_budget_of_its_own(tmp_path: Path) -> None:
    found = tuned(fake_functions("one", "two"), wanted("one", "two"), wishes(save=tmp_path, own_budgets=True))
    assert found.max_spend == 2.0


def test_an_interruption_restores_all_keeps_what_has_finished_and_says_what_is_left(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions(*NAMES)
    before = {name: fake.snapshot(name) for name in NAMES}
    turns = itertools.count()

    def interrupt(call: dict[str, Any]) -> None:
        if call["configuration"]["FunctionName"] == "two" and next(turns) == 100:
            os.kill(os.getpid(), signal.SIGTERM)

    fake.answer = interrupt
    # As slow as AWS, so that the signal comes before the run has ended.
    fake.sleep = time.sleep
    fake.latency = {"running": 0.05}
    asked = wanted(*NAMES, invocations="200")
    asked[0] = wanted("one")[0]
    wish = wishes(save=tmp_path, at_once=1)
    found = tuned(fake, asked, wish)
    with pytest.raises(Interrupted) as caught:
        finish(found, wish)
    assert caught.value.message == "interrupted; every function is restored; 1 of 3 are done"
    assert caught.value.hint == "with the same options: powertune run two three"
    assert {name: fake.snapshot(name) for name in NAMES} == before
    statuses = by_name(tmp_path)
    assert (statuses["two"], statuses["three"]) == ("interrupted", "not-begun")
    assert statuses["one"] in ("change", "stay")
    assert (saved(tmp_path)["interrupted"], saved(tmp_path)["exit_code"]) == (True, 130)
    assert results.load(tmp_path / "two.us-east-1.json").stopped == "interrupted"
    assert (tmp_path / "one.us-east-1.json").is_file()


def test_a_second_signal_after_the_functions_are_restored_loses_no_report(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions(*NAMES)
    turns = itertools.count()

    def interrupt(call: dict[str, Any]) -> None:
        if next(turns) == 100:
            os.kill(os.getpid(), signal.SIGINT)

    fake.answer = interrupt
    fake.sleep = time.sleep
    fake.latency = {"running": 0.05}
    wish = wishes(save=tmp_path, at_once=1)
    with ExitStack() as signals:
        found = tune_functions(wanted(*NAMES, invocations="200"), FakeSites(fake), wish, signals)
        assert found is not None
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted) as caught:
            finish(found, wish)
    assert caught.value.hint == "with the same options: powertune run one two three"
    assert by_name(tmp_path) == {"one": "interrupted", "two": "not-begun", "three": "not-begun"}
    printed = capfd.readouterr()
    assert printed.out.startswith("3 functions, 0 with an answer")
    assert "writing the reports" in printed.err


def test_a_first_signal_while_the_reports_of_a_finished_run_are_written_loses_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wish = wishes(save=tmp_path, outputs=(Output(format="markdown", path=tmp_path / "report.md"),))
    with ExitStack() as signals:
        found = tune_functions(wanted("one", "two"), FakeSites(fake_functions("one", "two")), wish, signals)
        assert found is not None
        os.kill(os.getpid(), signal.SIGINT)
        finish(found, wish)
    assert saved(tmp_path)["exit_code"] == 0
    assert (tmp_path / "report.md").is_file()
    assert capfd.readouterr().err == "writing the reports\n"


def test_a_bug_in_one_leaves_the_answers_of_the_others_and_is_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions(*NAMES)

    def break_(call: str, kwargs: Any) -> None:
        if call == "create_alias" and kwargs["FunctionName"].endswith("two"):
            raise ZeroDivisionError

    fake.on_call = break_
    wish = wishes(save=tmp_path, at_once=1)
    found = tuned(fake, wanted(*NAMES), wish)
    with pytest.raises(Bug) as caught:
        finish(found, wish)
    assert isinstance(caught.value.exception, ZeroDivisionError)
    statuses = by_name(tmp_path)
    assert statuses.pop("one") in ("change", "stay")
    assert statuses == {"two": "failed", "three": "not-begun"}
    assert (saved(tmp_path)["interrupted"], saved(tmp_path)["exit_code"]) == (False, 1)
    assert capfd.readouterr().out.startswith("3 functions, 1 with an answer")


def test_not_restored_beats_all_and_every_command_is_named(tmp_path: Path) -> None:
    fake = fake_functions("one", "two", "three")
    fake.on_call = deny("three")
    wish = wishes(save=tmp_path, at_once=3)

    def stuck(call: str, kwargs: Any) -> None:
        deny("three")(call, kwargs)
        if call == "delete_alias" and kwargs["FunctionName"].endswith((":one", ":two")):
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    meeting = threading.Barrier(2, timeout=30)
    met: set[str] = set()

    def meet(call: dict[str, Any]) -> None:
        name = call["configuration"]["FunctionName"]
        if name in ("one", "two") and name not in met:
            met.add(name)
            meeting.wait()

    fake.on_call, fake.answer = stuck, meet
    found = tuned(fake, wanted("three", "one", "two"), wish)
    with pytest.raises(NotRestored) as caught:
        finish(found, wish)
    assert "powertune restore one" in str(caught.value.hint)
    assert "powertune restore two" in str(caught.value.hint)
    assert saved(tmp_path)["exit_code"] == 9


def test_a_report_that_cannot_be_written_does_not_hide_that_a_function_is_not_restored(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions("one")
    (tmp_path / "file").touch()
    nowhere = (Output(format="json", path=tmp_path / "file" / "report.json"),)

    def stuck(call: str, kwargs: Any) -> None:
        if call == "delete_alias":
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    fake.on_call = stuck
    found = tuned(fake, wanted("one"), wishes(save=tmp_path))
    with pytest.raises(NotRestored):
        finish(found, wishes(outputs=nowhere))
    assert "error: cannot write" in capfd.readouterr().err


def test_who_interrupts_the_report_is_told_that_a_function_is_not_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = fake_functions("one")

    def stuck(call: str, kwargs: Any) -> None:
        if call == "delete_alias":
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    fake.on_call = stuck
    found = tuned(fake, wanted("one"), wishes(save=tmp_path))
    monkeypatch.setattr("powertune.files.write", interrupt)
    with pytest.raises(NotRestored):
        finish(found, wishes(save=tmp_path))


def test_a_report_that_cannot_be_written_loses_neither_the_table_nor_where_the_results_are(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    outputs = (
        Output(format="json", path=tmp_path / "file" / "report.json"),
        Output(format="markdown", path=tmp_path / "report.md"),
    )
    wish = wishes(save=tmp_path, outputs=outputs)
    found = tuned(fake_functions("one", "two"), wanted("one", "two"), wish)
    (tmp_path / SUMMARY).mkdir()  # since it was checked
    with pytest.raises(UsageError, match="cannot write"):
        finish(found, wish)
    assert (tmp_path / "report.md").read_text().startswith("### 2 functions")
    printed = capfd.readouterr()
    assert printed.out.startswith("2 functions, 2 with an answer\n")
    for name in ("one", "two"):
        assert f"the results of {name} are in {tmp_path}/{name}.us-east-1.json" in printed.err


def test_no_report_replaces_a_results_file(tmp_path: Path) -> None:
    fake = fake_functions("one", "two")
    outputs = (Output(format="json", path=tmp_path / "one.us-east-1.json"),)
    with pytest.raises(UsageError, match=r"one\.us-east-1\.json' would overwrite"):
        tune(wanted("one", "two"), FakeSites(fake), wishes(save=tmp_path, outputs=outputs))
    assert "create_alias" not in fake.calls


def test_a_results_file_that_cannot_be_written_is_told_of_before_the_question(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions("one", "two")
    (tmp_path / "two.us-east-1.json").mkdir()
    with pytest.raises(UsageError, match=r"cannot write results file '.*two\.us-east-1\.json'"):
        tune(wanted("one", "two"), FakeSites(fake), wishes(save=tmp_path, ask=True))
    assert "measure 2 functions?" not in capfd.readouterr().err
    assert "create_alias" not in fake.calls


def test_a_dry_run_prints_all_plans_and_changes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fake = fake_functions("one", "two")
    before = {name: fake.snapshot(name) for name in ("one", "two")}
    assert tune(wanted("one", "two"), FakeSites(fake), wishes(dry_run=True)) is None
    printed = capfd.readouterr().out
    assert printed.startswith("2 functions, up to 2 at a time\n  cost         stops before $1.00 for all")
    assert printed.count("  changes      the memory size of $LATEST") == 2
    outputs = (Output(format="json", path=None),)
    with pytest.raises(NotFound):
        tune(wanted("one", "nosuch"), FakeSites(fake), wishes(dry_run=True, outputs=outputs))
    document = json.loads(capfd.readouterr().out)
    assert document["schema"] == "powertune/function-plans/1"
    assert [plan["function"]["name"] for plan in document["plans"]] == ["one"]
    assert document["refused"][0]["target"] == "nosuch"
    assert {name: fake.snapshot(name) for name in ("one", "two")} == before
    assert "create_alias" not in fake.calls


def test_who_does_not_agree_changes_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    fake = fake_functions("one", "two")
    assert tune(wanted("one", "two"), FakeSites(fake), wishes(ask=True)) is None
    said = capfd.readouterr().err
    assert "  one (" in said
    assert said.count("sizes        128, 1024 MB") == 2
    assert "measure 2 functions? [y/N]" in said
    assert said.endswith("nothing was changed\n")
    assert "create_alias" not in fake.calls


def test_a_session_that_ends_too_early_for_all_is_told_of_once(capfd: pytest.CaptureFixture[str]) -> None:
    fake = fake_functions("one", "two")

    class EndingSites(FakeSites):
        def site(self, target: str) -> Site:
            found = super().site(target)
            found.connection.ends_at = time.time() + 60  # type: ignore[misc]
            return found

    assert tune(wanted("one", "two"), EndingSites(fake), wishes(dry_run=True)) is None
    assert capfd.readouterr().out.count("the AWS credentials expire in") == 1
    tune(wanted("one", "two"), EndingSites(fake), wishes(outputs=()))
    assert capfd.readouterr().err.count("warning: the AWS credentials expire in") == 1


def test_the_functions_of_a_machine_are_measured_one_after_another(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions("one", "two")
    fake.platform = "cgroup v1; cores=2"
    assert tune(wanted("one", "two"), FakeSites(fake), wishes(dry_run=True)) is None
    assert "2 functions, one after another" in capfd.readouterr().out


@pytest.mark.parametrize("bug", [ValueError("no such axis"), KeyboardInterrupt()])
def test_a_bug_in_a_report_does_not_hide_that_a_function_is_not_restored(
    bug: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions("one")

    def stuck(call: str, kwargs: Any) -> None:
        if call == "delete_alias":
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    def broken(*_: Any) -> bytes:
        raise bug

    fake.on_call = stuck
    found = tuned(fake, wanted("one"), wishes(save=tmp_path))
    monkeypatch.setattr("powertune.report.functions.markdown.render_functions_markdown", broken)
    with pytest.raises(NotRestored):
        finish(found, wishes(outputs=(Output(format="markdown", path=tmp_path / "report.md"),)))
    assert ("ValueError: no such axis" in capfd.readouterr().err) is isinstance(bug, ValueError)


def test_a_bug_in_the_analysis_hides_neither_the_other_functions_nor_that_one_is_not_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = fake_functions("one", "two")

    def stuck(call: str, kwargs: Any) -> None:
        if call == "delete_alias" and kwargs["FunctionName"].endswith(":one"):
            raise client_error("AccessDeniedException", "not authorized to perform: lambda:DeleteAlias", 403)

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    fake.on_call = stuck
    monkeypatch.setattr("powertune.cli.many.tuning.analyze", broken)
    found = tuned(fake, wanted("two", "one"), wishes(save=tmp_path, at_once=1))
    two, one = (each.failed for each in found.results)
    assert isinstance(two, Bug)
    assert isinstance(two.exception, ZeroDivisionError)
    assert isinstance(one, NotRestored)
    with pytest.raises(NotRestored):
        finish(found, wishes(save=tmp_path))


def test_a_bug_in_a_report_is_shown_after_the_other_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> bytes:
        raise ZeroDivisionError

    found = tuned(fake_functions("one"), wanted("one"), wishes(save=tmp_path))
    monkeypatch.setattr("powertune.report.functions.markdown.render_functions_markdown", broken)
    reports = (
        Output(format="markdown", path=tmp_path / "report.md"),
        Output(format="json", path=tmp_path / "r.json"),
    )
    with pytest.raises(Bug) as caught:
        finish(found, wishes(outputs=reports))
    assert isinstance(caught.value.exception, ZeroDivisionError)
    assert (tmp_path / "r.json").is_file()
    assert capfd.readouterr().out.startswith("1 function")
