"""`powertune run` with several functions, on the embedded AWS: functions that are deployed, and code in folders."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from held_endpoint import held_endpoint
from settled import settle
from windows import Window

from powertune import results
from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = ("--memory", "512,1769", "--invocations", "3", "--environments", "1")
NAMES = ("first", "second")


@pytest.fixture
def functions(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[Any]:
    for name in NAMES:
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=aws_environment.role_arn,
            Handler="app.handler",
            Code={"ZipFile": zip_folder(source)},
            MemorySize=512,
        )
        settle(client, name)
    yield client
    for name in NAMES:
        client.delete_function(FunctionName=name)


def state_of(client: Any, name: str) -> Any:
    configuration = client.get_function_configuration(FunctionName=name)
    versions = client.list_versions_by_function(FunctionName=name)["Versions"]
    return configuration["MemorySize"], len(versions), client.list_aliases(FunctionName=name)["Aliases"]


@pytest.mark.long
def test_a_list_on_stdin_is_tuned_and_one_that_does_not_exist_ends_no_other(functions: Any) -> None:
    before = {name: state_of(functions, name) for name in NAMES}
    done = subprocess.run(
        [sys.executable, "-m", "powertune", "run", "--functions-from", "-", *QUICK, "--yes", "--save", "out/"],
        input="first\nnosuch # gone\nsecond\nfirst\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert "note: first is named more than once, and measured once" in done.stderr
    # Both are served by this machine.
    assert "2 functions, one after another" in done.stderr
    assert "1 of 3 functions has no answer: nosuch" in done.stderr
    assert done.stdout.startswith("3 functions, 2 with an answer\n")
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "first.us-east-1.json",
        "second.us-east-1.json",
        "summary.json",
    ]
    for name in NAMES:
        assert results.load(Path(f"out/{name}.us-east-1.json")).function.name == name
        assert state_of(functions, name) == before[name]


@pytest.mark.long
def test_a_dry_run_shows_all_plans(functions: Any, capfd: pytest.CaptureFixture[str]) -> None:
    before = {name: state_of(functions, name) for name in NAMES}
    assert run_app(["run", *NAMES, *QUICK, "--dry-run", "--format", "json", "--quiet"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert [plan["function"]["name"] for plan in document["plans"]] == list(NAMES)
    assert {name: state_of(functions, name) for name in NAMES} == before


@pytest.mark.long
def test_the_examples_are_tuned_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    targets = [f"{EXAMPLES}/{name}/app.py:handler" for name in ("cpu_bound", "io_bound")]
    options = ("--invocations-per-month", "1M", "--save", "out/", "-o", "report.{json,md}")
    assert run_app(["run", *targets, *QUICK, *options]) in (0, 8)
    told = capfd.readouterr().err
    assert "2 functions, one after another" in told
    document = json.loads(Path("report.json").read_text())
    assert document == json.loads(Path("out/summary.json").read_text())
    assert {each["target"] for each in document["functions"]} == set(targets)
    savings = [each["monthly_saving"] for each in document["functions"] if each["monthly_saving"] is not None]
    assert savings == sorted(savings, reverse=True)
    # Not side by side: they would compete for the cores of this machine.
    runs = [results.load(Path(each["results_file"])) for each in document["functions"]]
    first, second = sorted(runs, key=lambda run: run.started_at)
    assert first.finished_at <= second.started_at
    assert Path("report.md").read_text().startswith("### 2 functions, ")


@pytest.mark.long
def test_two_folders_of_one_name_are_two_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a/src", "b/src"):
        Path(folder).mkdir(parents=True)
        Path(folder, "app.py").write_text("def handler(event, context): return 1\n")
    options = ("--memory", "512", "--invocations", "3", "--environments", "1", "--format", "json", "--quiet")
    assert run_app(["run", "a/src/app.py:handler", "./b/src", *options]) in (0, 8)
    document = json.loads(capfd.readouterr().out)
    assert {each["function"]["name"] for each in document["functions"]} == {"src", "src-2"}
    assert all(
        re.fullmatch(r"powertune-results/src(-2)?-[0-9a-f]{8}\.json", e["results_file"])
        for e in document["functions"]
    )


SLOW = ("--memory", "512,1769", "--invocations", "500", "--environments", "1", "--payload", '{"sleep": 0.05}')


@pytest.mark.long
def test_closing_the_window_restores_the_function_under_way_and_begins_no_other(
    aws_environment: EmbeddedAWS, functions: Any
) -> None:
    before = {name: state_of(functions, name) for name in NAMES}
    with held_endpoint(aws_environment.endpoint_url) as held:
        options = ("--yes", "--rate", "1000", "--save", "out/", "--endpoint-url", held.url)
        window = Window("run", *NAMES, *SLOW, *options)
        assert held.invoked.wait(60)
        window.close()  # SIGHUP
        assert held.undoing.wait(60)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            window.process.send_signal(number)
        held.go_on.set()
        assert window.end() == 130
    assert {name: state_of(functions, name) for name in NAMES} == before
    statuses = {
        each["target"]: each["status"] for each in json.loads(Path("out/summary.json").read_text())["functions"]
    }
    assert statuses == {"first": "interrupted", "second": "not-begun"}
    assert results.load(Path("out/first.us-east-1.json")).measurements


@pytest.mark.long
def test_ctrl_c_again_and_again_abandons_the_undo_and_names_what_restores(
    aws_environment: EmbeddedAWS, functions: Any
) -> None:
    with held_endpoint(aws_environment.endpoint_url) as held:
        options = ("--yes", "--rate", "1000", "--save", "out/", "--endpoint-url", held.url)
        window = Window("run", *NAMES, *SLOW, *options)
        assert held.invoked.wait(60)
        window.process.send_signal(signal.SIGINT)
        assert held.undoing.wait(60)
        window.process.send_signal(signal.SIGINT)
        window.wait_for("press Ctrl-C once more to leave them as they are")
        window.process.send_signal(signal.SIGINT)
        window.wait_for("powertune restore first")
        assert window.end() == 9
        held.go_on.set()
    assert json.loads(Path("out/summary.json").read_text())["exit_code"] == 9
    assert run_app(["restore", "first", "--yes"]) == 0
