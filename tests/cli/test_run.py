"""`powertune run` as a person types it, against the embedded AWS."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from runs import leave_journal
from settled import settle

from powertune import results
from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.model import (
    Architecture,
    Configuration,
    Exploration,
    Goal,
    Payload,
    Population,
    Strategy,
    Usage,
    Workload,
)
from powertune.plan_document import parse_plan
from powertune.prices import PriceTable

QUICK = ("--memory", "512,1769", "--invocations", "3", "--environments", "1", "--yes")


class Shell:
    """Runs commands in this process and keeps what they print."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        self._capfd.readouterr()
        code = run_app([*arguments])
        self.out, self.err = self._capfd.readouterr()
        return code


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capfd)


@pytest.fixture
def function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Any:
    client.create_function(
        FunctionName="small",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=512,
        Timeout=10,
    )
    settle(client, "small")
    yield client
    client.delete_function(FunctionName="small")


def state_of(client: Any) -> Any:
    configuration = client.get_function_configuration(FunctionName="small")
    versions = client.list_versions_by_function(FunctionName="small")["Versions"]
    return configuration["MemorySize"], len(versions), client.list_aliases(FunctionName="small")["Aliases"]


def test_a_function_is_measured_and_left_as_found(shell: Shell, function: Any, tmp_path: Path) -> None:
    before = state_of(function)
    assert shell("run", "small", *QUICK, "--save", "run.json") == 0
    assert state_of(function) == before
    assert re.search(r"512 MB .* ms .* \$", shell.out)
    assert re.search(r"1769 MB .* ms .* \$", shell.out)
    # The function takes less than 2 ms, unless the machine is busy.
    words = "fastest whose cost is within 5 % of the cheapest|faster within the cost tolerance|no change is advised"
    assert re.search(words, " ".join(shell.out.split()))
    assert "saved run.json" in shell.err
    counts = [m.invocations.count(Population.WARM) for m in results.load(Path("run.json")).measurements]
    assert counts == [3, 3]
    assert shell("report", "run.json", "--strategy", "speed", "--format", "json") == 0
    assert json.loads(shell.out)["recommendation"]["strategy"] == "speed"


@pytest.mark.parametrize("sizes", [QUICK, ("--max-memory", "1769", "--yes")], ids=["grid", "search"])
def test_a_report_answers_what_the_run_was_asked(sizes: tuple[str, ...], shell: Shell, function: Any) -> None:
    asked = ("--strategy", "speed", "--headroom", "1.5", "--cold-share", "0.25", "--savings-plan", "0.1")
    assert shell("run", "small", *sizes, *asked, "--save", "run.json", "--format", "json") == 0
    told = json.loads(shell.out)
    assert shell("report", "run.json", "--format", "json") == 0
    assert json.loads(shell.out) == told
    assert told["recommendation"]["strategy"] == "speed"
    assert told["billing"]["cold_share"] == 0.25
    design = results.load(Path("run.json")).design
    assert design.goal == Goal(strategy=Strategy.SPEED, headroom=1.5)
    assert design.usage == Usage(cold_share=0.25, savings_plan=0.1)
    assert design.prices_as_of == PriceTable.bundled().as_of
    # An option overrides what it names, and nothing else.
    assert shell("report", "run.json", "--format", "json", "--strategy", "cost") == 0
    again = json.loads(shell.out)
    assert again["recommendation"]["strategy"] == "cost"
    assert again["billing"] == told["billing"]


def test_json_is_the_document_of_the_reference_on_stdout_alone(shell: Shell, function: Any) -> None:
    assert shell("run", "small", *QUICK, "--format", "json", "--quiet") == 0
    document = json.loads(shell.out)
    assert document["schema"] == "powertune/analysis/1"
    assert document["function"]["name"] == "small"
    assert [p["memory_mb"] for p in document["profiles"]] == [512, 1769]
    assert document["current"] == {"memory_mb": 512, "architecture": "x86_64"}
    assert document["engine"] == "direct"
    assert shell.err == ""
    assert len(list(Path("powertune-results").glob("small-*.json"))) == 1


def test_a_dry_run_changes_and_measures_nothing(shell: Shell, function: Any) -> None:
    before = state_of(function)
    revision = function.get_function_configuration(FunctionName="small")["RevisionId"]
    assert shell("run", "small", "--search", "grid", "--dry-run") == 0
    assert "128, 256, 512, 1024, 1769, 3008 MB" in shell.out
    assert "stops before $1.00" in shell.out
    assert shell("run", "small", "--max-memory", "2000", "--precision", "3%", "--dry-run") == 0
    assert "searched from 128 to 2,000 MB" in shell.out
    assert "when no size is expected to be 3 % better" in shell.out
    assert shell("run", "small", "--memory", "512", "--environments", "1", "--dry-run", "--format", "json") == 0
    plan = json.loads(shell.out)
    again = parse_plan(shell.out.encode(), Workload(payloads=(Payload(body=b"{}"),)))
    assert again.function.name == "small"
    assert again.design.configurations == (Configuration(memory_mb=512, architecture=Architecture.X86_64),)
    assert plan["schema"] == "powertune/plan/1"
    assert plan["design"]["configurations"] == [{"memory_mb": 512, "architecture": "x86_64"}]
    assert plan["estimate"]["invocations"] == 21
    assert shell("run", "small", "--memory", "512", "--environments", "1", "--dry-run") == 0
    assert "1 version and 2 aliases" in shell.out
    assert "over 1 environment\n" in shell.out
    assert state_of(function) == before
    assert function.get_function_configuration(FunctionName="small")["RevisionId"] == revision
    assert list(Path().glob("**/*.json")) == []


def test_sizes_are_searched_for_where_none_are_named(shell: Shell, function: Any) -> None:
    before = state_of(function)
    assert shell("run", "small", "--max-memory", "1769", "--strategy", "cost", "--yes", "--save", "run.json") == 0
    assert state_of(function) == before
    assert re.search("lowest expected cost|not proven to cost less|no change is advised", " ".join(shell.out.split()))
    assert "128 MB x86_64, 256 MB x86_64, 512 MB x86_64: initial sizes" in shell.err
    run = results.load(Path("run.json"))
    assert run.stopped == "complete"
    assert {m.configuration.memory_mb for m in run.measurements} >= {128, 256, 512}
    assert run.function.current in {m.configuration for m in run.measurements}
    # It is asked the question that it was made to answer.
    assert shell("report", "run.json", "--format", "json") == 0
    assert json.loads(shell.out)["recommendation"]["strategy"] == "cost"
    assert shell("report", "run.json", "--explain", "-o", "why.txt") == 2
    assert shell("report", "run.json", "--explain") == 0
    assert shell.out.count("why") == len(run.batches)
    assert shell.out.splitlines()[-3].endswith("stop")
    assert shell("report", "run.json", "--format", "json") == 0
    found = json.loads(shell.out)["search"]
    assert 0 < found["p_best"] <= 1
    before_hand = (
        "--start-from",
        "run.json",
        "--max-memory",
        "1769",
        "--strategy",
        "cost",
        "--yes",
        "--save",
        "again.json",
    )
    assert shell("run", "small", *before_hand) == 0
    again = results.load(Path("again.json"))
    assert isinstance(again.design.search, Exploration)
    assert {hint.origin for hint in again.design.search.hints} == {"an earlier run"}
    assert again.batches[0].why == "the best sizes according to earlier data"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--search", "adaptive", "--memory", "128,256"), "memory is not for the adaptive search"),
        (("--search", "both"), "unknown search 'both'"),
        (("--memory", "128", "--precision", "3%"), "precision is not for the grid search"),
        (("--search", "grid", "--min-memory", "256"), "min-memory is not for the grid search"),
        (("--precision", "0"), "precision '0' is not between 0 and 50%"),
        (("--precision", "much"), "precision 'much' is not a share"),
        (("--min-memory", "64"), "min-memory '64' is not a whole number from 128"),
        (("--min-memory", "1024", "--max-memory", "512"), "min-memory 1024 is more than max-memory 512"),
        (("--min-memory", "9000"), "more than this machine can give"),
        (("--start-from", "missing.json"), "cannot read 'missing.json'"),
        (("--memory", "128", "--start-from", "missing.json"), "--start-from is not for the grid search"),
    ],
)
def test_options_that_make_no_search(shell: Shell, function: Any, options: tuple[str, ...], message: str) -> None:
    assert shell("run", "small", *options, "--yes") == 2
    assert message in " ".join(shell.err.split())
    assert "hint:" in shell.err


def test_a_budget_that_is_too_small_for_the_search_ends_with_the_best_guess(shell: Shell, function: Any) -> None:
    # So precise an answer takes more than the budget, however little the machine disturbs the measurement.
    little = ("--precision", "0.1%", "--max-spend", "0.0009")
    assert shell("run", "small", "--strategy", "speed", *little, "--yes", "--save", "run.json") == 8
    assert "the best guess is" in " ".join(shell.err.split())
    assert results.load(Path("run.json")).stopped == "budget"


@pytest.mark.long
def test_the_search_finds_what_a_dense_grid_finds(shell: Shell, aws_environment: EmbeddedAWS) -> None:
    example = str(Path(__file__).parents[2] / "examples" / "cpu_bound")
    # A quarter of the example's work: enough for every size, and as flat or steep a curve.
    cheap = ("--strategy", "cost", "--yes", "--quiet", "--payload", '{"rounds": 150}')
    assert shell("run", example, "--max-memory", "1769", *cheap, "--save", "searched.json") == 0
    assert shell("report", "searched.json", "--format", "json", "--strategy", "cost") == 0
    recommendation = json.loads(shell.out)["recommendation"]
    # What the search has found; whether so few invocations prove that a change to it helps is another question.
    chosen = (recommendation["unproven"] or recommendation)["memory_mb"]
    sizes = sorted({128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1769, chosen})
    dense = ("--memory", ",".join(map(str, sizes)), "--invocations", "12", "--environments", "2")
    assert shell("run", example, *dense, *cheap, "--save", "grid.json", "--format", "json") == 0
    costs = {p["memory_mb"]: p["cost_usd_per_million"] for p in json.loads(shell.out)["profiles"]}
    # On a busy machine, a size may have no undisturbed invocation.
    means = [cost["mean"] for cost in costs.values() if cost["mean"] is not None]
    assert len(means) > len(costs) / 2
    # The cheapest of many noisy means is too cheap: the choice is wrong if its interval is beyond the bound.
    lowest = costs[chosen]["ci95"] or (costs[chosen]["mean"],)
    assert lowest[0] <= 1.1 * min(means)


def test_an_alias_is_tuned(shell: Shell, function: Any) -> None:
    function.publish_version(FunctionName="small")
    function.create_alias(FunctionName="small", Name="prod", FunctionVersion="1")
    assert shell("run", "small:prod", *QUICK) == 0
    assert shell.out.startswith("small:prod (python3.13 on embedded AWS")


def test_a_folder_is_served_and_measured(shell: Shell, aws_environment: EmbeddedAWS, source: Path) -> None:
    (source / "setup.py").write_text("import boto3\nboto3.client('s3').create_bucket(Bucket='made-by-setup')\n")
    (source / "powertune.toml").write_text(
        '[local]\nhandler = "app.handler"\nsetup = "setup.py"\nmemory = 512\npayload = "@event.json"\n'
        'environment = { STAGE = "test" }\n[run]\ninvocations = 10\nlanes = 1\n'
    )
    (source / "event.json").write_text('{"n": 1}')
    assert shell("run", str(source), "--memory", "512", "--save", "run.json") == 0
    assert re.search(r"512 MB .* ms .* \$", shell.out)
    assert "embedded AWS on http://127.0.0.1:" in shell.err
    assert shell("run", f"{source}/app.py:handler", "--memory", "1024", "--payload", "{}") == 0
    (source / "setup.py").write_text("raise SystemExit(3)\n")
    assert shell("run", str(source), "--memory", "512") == 2
    assert "set-up script 'setup.py' failed with exit status 3" in shell.err


def test_the_configuration_file_and_the_environment_speak_and_options_win(
    shell: Shell, function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("powertune.toml").write_text("[run]\nmemory = [256, 512]\ninvocations = 7\nlanes = 3\nmax_spend = 0.5\n")
    monkeypatch.setenv("POWERTUNE_INVOCATIONS", "5")
    assert shell("run", "small", "--dry-run", "--environments", "2") == 0
    assert "256, 512 MB" in shell.out
    assert "2 to warm up, 5 measured" in shell.out
    assert "stops before $0.5" in shell.out


BAD = {
    "memory out of range": (("--memory", "64"), 2, "memory size 64 MB is out of range"),
    "not a number": (("--memory", "big"), 2, "'big' is not a whole number"),
    "reversed range": (("--memory", "1024-128:64"), 2, "is reversed"),
    "duplicates": (("--memory", "128,128"), 2, "128 MB is named twice"),
    "strategy": (("--strategy", "best"), 2, "unknown strategy 'best'"),
    "report source": (("--report-source", "xray"), 2, "unknown report-source 'xray'"),
    "format": (("--format", "pdf"), 2, "unknown format 'pdf'"),
    "invocations": (("--invocations", "0"), 2, "invocations '0'"),
    "max-spend": (("--max-spend", "free"), 2, "max-spend 'free'"),
    "payload": (("--payload", "{broken"), 2, "payload '{broken' is not JSON"),
    "payload file": (("--payload", "@nowhere.json"), 2, "cannot read payload file 'nowhere.json'"),
    "payload size": (("--payload", "@large.json"), 2, "more than Lambda accepts"),
    "payload object": (("--payload", "s3://nowhere/key"), 5, "s3:GetObject"),
    "weights": (("--payload", "@weights.json", "--invocations", "2"), 2, "too few for 2 weighted payloads"),
    "price file": (("--prices", "nowhere.json"), 2, "cannot read price file 'nowhere.json'"),
    "region": (("--region", "mars-north-1"), 2, "no Lambda prices are known for region 'mars-north-1'"),
    "profile": (("--profile", "nobody"), 3, "profile (nobody) could not be found"),
    "endpoint": (("--endpoint-url", "nonsense"), 2, "nonsense"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_an_error_with_a_hint_and_changes_nothing(case: str, shell: Shell, function: Any) -> None:
    Path("large.json").write_text(json.dumps("x" * 7_000_000))
    Path("weights.json").write_text(json.dumps([{"payload": 1, "weight": 1}, {"payload": 2, "weight": 9}]))
    before = state_of(function)
    arguments, code, words = BAD[case]
    assert shell("run", "small", "--yes", *arguments) == code
    assert words in shell.err
    assert "hint: " in shell.err
    assert shell.out == ""
    assert state_of(function) == before


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("nobody", 5, "function nobody does not exist in us-east-1"),
        ("small:nope", 5, "function small in us-east-1 has no alias nope"),
        ("small:7", 5, "function small in us-east-1 has no version 7"),
        ("a b", 2, "is not the name or ARN"),
        ("nowhere/app.py:handler", 2, "there is no file 'nowhere/app.py'"),
        ("small/app.py", 2, "names no handler"),
        ("arn:aws:lambda:us-east-1:123456789012:function:nobody", 5, "function nobody does not exist"),
    ],
)
def test_a_target_that_is_not_there(target: str, code: int, words: str, shell: Shell, function: Any) -> None:
    assert shell("run", target, "--yes") == code
    assert words in shell.err
    assert "hint: " in shell.err


def test_no_credentials(shell: Shell, function: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert shell("run", "small", "--yes") == 3
    assert "no AWS credentials" in shell.err
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert shell("run", "small", "--yes") == 3
    assert "no AWS region" in shell.err


def test_a_handler_that_fails_everywhere_is_exit_7_with_its_own_words(shell: Shell, function: Any) -> None:
    assert shell("run", "small", *QUICK, "--payload", '{"fail": true}', "--save", "run.json") == 7
    assert "ValueError" in shell.err
    assert "the words of the function" in shell.out
    assert "It failed the same way at both sizes" in shell.err
    assert results.load(Path("run.json")).stopped == "the function fails"
    assert Path("run.json").exists()


def test_a_module_that_cannot_be_imported(shell: Shell, function: Any, source: Path) -> None:
    (source / "app.py").write_text("import nothing_like_that\n")
    function.update_function_code(FunctionName="small", ZipFile=zip_folder(source))
    settle(function, "small")
    assert shell("run", "small", *QUICK) == 7
    assert "nothing_like_that" in shell.out


@pytest.mark.parametrize(
    ("misdeed", "timeout_s", "words"),
    [
        ("len(b'x' * 600_000_000)", 60, "ran out of memory in 1 of 1 invocations"),
        ("time.sleep(60)", 1, "timed out in 1 of 1 invocations"),
        ("os._exit(7)", 10, "failed in 1 of 1 invocations (Runtime.ExitError)"),
    ],
)
def test_a_size_at_which_the_function_breaks_is_a_result(
    misdeed: str, timeout_s: int, words: str, shell: Shell, function: Any, source: Path
) -> None:
    (source / "app.py").write_text(
        "import os, time\n\ndef handler(event, context):\n"
        f"    if os.environ['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] == '512':\n        return {misdeed}\n"
    )
    function.update_function_code(FunctionName="small", ZipFile=zip_folder(source))
    settle(function, "small")
    function.update_function_configuration(FunctionName="small", Timeout=timeout_s)
    settle(function, "small")
    assert shell("run", "small", *QUICK) == 0
    printed = " ".join(shell.out.split())
    assert words in printed, shell.out
    assert "Recommended: 1769 MB" in printed


def test_loud_functions_and_large_answers(shell: Shell, function: Any, source: Path) -> None:
    (source / "app.py").write_text(
        "def handler(event, context):\n    print('x' * 100_000)\n    return 'y' * 5_900_000\n"
    )
    function.update_function_code(FunctionName="small", ZipFile=zip_folder(source))
    settle(function, "small")
    assert shell("run", "small", "--memory", "1769", "--invocations", "10", "--environments", "1", "--yes") == 0
    assert re.search(r"1769 MB .* ms", shell.out)


def test_too_little_evidence_is_exit_8(shell: Shell, function: Any) -> None:
    assert shell("run", "small", "--memory", "512", "--invocations", "1", "--yes") == 8
    assert "No recommendation" in shell.out


def test_a_budget_for_less_than_one_invocation_is_refused_before_anything_is_changed(
    shell: Shell, function: Any
) -> None:
    before = state_of(function)
    assert shell("run", "small", "--memory", "512", "--max-spend", "0.000001", "--yes") == 2
    assert "may not pay for one invocation" in shell.err
    assert state_of(function) == before


def test_a_second_run_on_the_same_function(shell: Shell, function: Any) -> None:
    leave_journal(function, "small", "other123", 1024)
    assert shell("run", "small", *QUICK) == 2
    assert "run other123 started" in shell.err
    assert "powertune restore small" in shell.err
    assert shell("restore", "small", "--yes") == 0
    assert state_of(function)[0] == 1024
    assert shell("restore", "small") == 0
    assert "nothing to restore" in shell.err
    assert shell("restore", "nobody") == 5


def test_a_journal_that_nobody_can_read(shell: Shell, function: Any) -> None:
    function.create_alias(
        FunctionName="small", Name="powertune-journal", FunctionVersion="$LATEST", Description="mine"
    )
    assert shell("run", "small", *QUICK) == 2
    assert "is not a journal" in shell.err
    assert shell("restore", "small") == 2


def broken_results(tmp_path: Path) -> dict[str, tuple[bytes, str]]:
    return {
        "newer": (b'{"schema": "powertune/run/99"}', "newer"),
        "cut off": (b'{"schema": "powertune/run/1", "run_id": "a', "not"),
        "not json": (b"hello", "not"),
        "something else": (b"[]", "not"),
    }


@pytest.mark.parametrize("case", ["newer", "cut off", "not json", "something else"])
def test_results_files_that_cannot_be_read(case: str, shell: Shell, tmp_path: Path) -> None:
    data, words = broken_results(tmp_path)[case]
    path = tmp_path / "run.json"
    path.write_bytes(data)
    assert shell("report", str(path)) == 2
    assert words in shell.err
    assert "hint: " in shell.err
    assert shell("report", str(tmp_path / "none.json")) in (2, 5)


@pytest.mark.parametrize(
    ("output", "words"),
    [("file/out.json", "cannot write 'file/out.json'"), (".", "'.' is a directory"), ("out.doc", "names no format")],
)
def test_output_that_cannot_be_written_is_refused_before_measuring(
    output: str, words: str, shell: Shell, function: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert shell("run", "small", "--memory", "512", "-o", output) == 2
    assert words in shell.err
    assert "hint:" in shell.err
    assert not (tmp_path / "powertune-results").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--save", "r.json", "-o", "x/../r.json"), "'x/../r.json' would overwrite 'r.json'"),
        (("--payload", "@event.json", "-o", "event.json"), "would overwrite 'event.json'"),
        (("--payload", "@event.json", "--save", "event.json"), "would overwrite 'event.json'"),
        (("--prices", "p.json", "-o", "p.json"), "would overwrite 'p.json'"),
        (("-o", "r.json", "-o", "r.json"), "would overwrite 'r.json'"),
        (("--save", "onefolder/"), "--save 'onefolder/' is a folder, and one function is named"),
        (("--save", "."), "--save '.' is a folder, and one function is named"),
        (("--save", "event.json/r.json"), "cannot write 'event.json/r.json'"),
        (("--save", ""), "--save names no file"),
        (("--dry-run", "-o", "out/r.html"), "a plan has no format html"),
        (("--dry-run", "--open"), "--open shows the report of a run, and --dry-run makes none"),
    ],
)
def test_outputs_that_cannot_be_are_refused_before_anything_is_started(
    arguments: tuple[str, ...], words: str, shell: Shell, aws_environment: EmbeddedAWS, source: Path
) -> None:
    Path("event.json").write_text("{}")
    assert shell("run", str(source), *QUICK, *arguments) == 2
    assert words in shell.err
    assert "hint: " in shell.err
    assert "embedded AWS on" not in shell.err
    assert Path("event.json").read_text() == "{}"
    assert not list(Path().glob("*r.json"))


def test_a_limit_in_another_currency_is_refused_before_measuring(shell: Shell, function: Any) -> None:
    assert shell("run", "small", *QUICK, "--max-cost", "<=5cny/1M", "--save", "run.json") == 2
    assert "max-cost is in CNY" in shell.err
    assert not Path("run.json").exists()


def test_a_run_ends_with_every_report_that_was_asked_for(shell: Shell, function: Any, tmp_path: Path) -> None:
    arguments = ["run", "small", "--memory", "512,1769", "--invocations", "3", "--environments", "1"]
    assert shell(*arguments, "-o", "out/r.{html,png,md,json}", "--yes") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"r.html", "r.png", "r.md", "r.json"}
    assert (tmp_path / "out/r.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out/r.json").read_text())["schema"] == "powertune/analysis/1"
    assert shell.out == ""
    assert "wrote out/r.html" in shell.err
    assert "Recommended: " in shell.err or "Stay at " in shell.err


def test_constraints_that_cannot_be_met_exit_with_8_and_show_the_nearest(shell: Shell, function: Any) -> None:
    arguments = ["run", "small", "--memory", "512", "--invocations", "3", "--environments", "1", "--save", "run.json"]
    assert shell(*arguments, "--max-duration", "p95<=0.0001ms", "--yes") == 8
    assert "nearest is 512 MB x86_64" in shell.err
    assert "512 MB" in shell.out
    assert shell("report", "run.json", "--max-duration", "p95<=900s") == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_once_the_run_restores_saves_and_exits_130(
    number: signal.Signals, function: Any, tmp_path: Path
) -> None:
    before = state_of(function)
    arguments = ["run", "small", "--memory", "512,1769", "--invocations", "500", "--environments", "1", "--yes"]
    arguments += ["--payload", '{"sleep": 0.05}', "--save", "run.json", "-o", "report.md"]
    process = subprocess.Popen(
        [sys.executable, "-m", "powertune", *arguments], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    while not Path("run.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted; small is restored; what was measured is in run.json" in err
    assert state_of(function) == before
    assert json.loads(Path("run.json").read_text())["stopped"] == "interrupted"
    assert "interrupted" in Path("report.md").read_text()
