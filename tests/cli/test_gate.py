"""`powertune gate` on results files: what passes, what fails, where it is told, and what bad input gets."""

import hashlib
import json
import os
import random
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import make_configuration, make_function, make_invocation, make_measurement, make_run

from powertune import results
from powertune.cli.app import run_app
from powertune.cli.local_sides import ENVIRONMENTS
from powertune.gate.sequence import MOST_ENVIRONMENTS, WARM_INVOCATIONS
from powertune.model import Architecture, Invocations, Measurement, PayloadShare, Status, TuningRun

EVENT = PayloadShare(sha256=hashlib.sha256(b"{}").hexdigest(), weight=1.0)
OTHER_EVENT = PayloadShare(sha256=hashlib.sha256(b"[]").hexdigest(), weight=1.0)
Read = Callable[[], str]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variables of a CI job but the tests' own, in an empty folder."""
    for name in [name for name in os.environ if name.startswith(("POWERTUNE_", "GITHUB_", "CI", "AWS_", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def err(capfd: pytest.CaptureFixture[str]) -> Read:
    return lambda: capfd.readouterr().err


def measured(
    mean_ms: float, *, memory_mb: int = 512, architecture: Architecture = Architecture.X86_64, count: int = 200
) -> Measurement:
    dice = random.Random(f"{mean_ms} {memory_mb}")
    return make_measurement(
        memory_mb=memory_mb,
        architecture=architecture,
        durations=[round(mean_ms * dice.lognormvariate(0, 0.02), 2) for _ in range(count)],
        lanes=min(8, max(1, count)),
    )


def run(*measurements: Measurement, name: str = "orders", **changes: Any) -> TuningRun:
    function = {key: changes.pop(key) for key in ("region", "package_bytes", "platform") if key in changes}
    payloads = changes.pop("payloads", (EVENT,))
    made = make_run(measurements=measurements or (measured(100),), function=make_function(name=name, **function))
    return replace(made, design=replace(made.design, payloads=payloads), **changes)


def save(file: str, *measurements: Measurement, **changes: Any) -> str:
    results.save(run(*measurements, **changes), Path(file))
    return file


@pytest.fixture
def base() -> str:
    return save("base.json")


@pytest.fixture
def same() -> str:
    return save("same.json", measured(100.4))


@pytest.fixture
def slower() -> str:
    return save("slower.json", measured(130))


def test_the_same_passes(same: str, base: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["gate", same, "--baseline", base]) == 0
    printed = capfd.readouterr()
    assert "The gate passed" in printed.out
    assert "same.json compared with base.json" in printed.out


def test_what_is_slower_fails_with_the_change_and_its_interval(
    slower: str, base: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["gate", slower, "--baseline", base]) == 10
    printed = capfd.readouterr()
    assert "30 % slower [" in printed.out
    assert "error: the gate failed: orders 512 MB x86_64: duration 30 % slower" in printed.err
    assert "hint:" in printed.err


def test_budgets_need_no_baseline(base: str, err: Read) -> None:
    assert run_app(["gate", base, "--budget", "avg<150ms", "--budget", "p(50)<200ms"]) == 0
    assert run_app(["gate", base, "--budget", "avg<80ms"]) == 10
    assert "less than 80.0 ms is allowed" in err()


def test_several_functions_are_one_gate(base: str, slower: str, capfd: pytest.CaptureFixture[str]) -> None:
    other = save("other.json", name="billing")
    for file, function in ((base, "orders"), (other, "billing")):
        assert run_app(["baseline", "save", file, "--to", "kept", "--quiet"]) == 0, function
    assert run_app(["gate", slower, other, "--baseline", "kept", "--format", "json"]) == 10
    checks = json.loads(capfd.readouterr().out)["judgement"]["checks"]
    failed = {check["function"] for check in checks if check["verdict"] == "failed"}
    assert ({check["function"] for check in checks}, failed) == ({"orders", "billing"}, {"orders"})


def test_the_reports_are_written_and_stdout_is_left_alone(
    slower: str, base: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["-o", "gate.json", "-o", "gate.xml", "-o", "gate.md"]
    assert run_app(["gate", slower, "--baseline", base, *words]) == 10
    assert capfd.readouterr().out == ""
    assert json.loads(Path("gate.json").read_text())["exit_code"] == 10
    assert ET.parse("gate.xml").getroot().findall(".//failure")
    assert "30 % slower" in Path("gate.md").read_text()


def noisy(mean_ms: float) -> Measurement:
    """Few samples that say little."""
    durations = [mean_ms * factor for factor in (0.8, 1.2, 0.9, 1.1, 1.0, 0.95)]
    return make_measurement(durations=durations, lanes=2)


@pytest.mark.parametrize(("choice", "code"), [(None, 8), ("fail", 8), ("warn", 0), ("pass", 0)])
def test_what_the_samples_do_not_decide_ends_as_asked(choice: str | None, code: int, base: str, err: Read) -> None:
    unsure = save("unsure.json", noisy(103))
    words = [] if choice is None else ["--on-inconclusive", choice]
    assert run_app(["gate", unsure, "--baseline", base, *words]) == code
    said = err()
    assert ("inconclusive" in said) == (choice != "pass")
    assert ("warning: " in said) == (choice == "warn")


def test_the_options_of_a_file_hold_in_its_folder(slower: str, base: str) -> None:
    Path("powertune.toml").write_text('[gate]\nmax_regression = "duration=50%,cost=50%"\n')
    assert run_app(["gate", slower, "--baseline", base]) == 0
    assert run_app(["gate", slower, "--baseline", base, "--max-regression", "duration=5%"]) == 10
    Path("powertune.toml").write_text(f'[gate]\nbaseline = "{base}"\n')
    assert run_app(["gate", slower]) == 10


def test_traffic_makes_a_change_cost_money(slower: str, base: str, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["--invocations-per-month", "100M", "--format", "json"]
    assert run_app(["gate", slower, "--baseline", base, *words]) == 10
    (change,) = json.loads(capfd.readouterr().out)["judgement"]["money"]
    assert 20 < change["amount"] < 30


def test_the_help_tells_the_limits_as_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["gate", "--help"]) == 0
    text = " ".join(capfd.readouterr().out.split())
    each = 1 + WARM_INVOCATIONS
    assert f"{MOST_ENVIRONMENTS * each} for each side; {ENVIRONMENTS * each} with --local" in text
    assert f"{MOST_ENVIRONMENTS} for each side" in text


# Where GitHub shows it.


def test_github_gets_a_summary_and_annotations(
    slower: str, base: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("what other commands wrote\n")
    assert run_app(["gate", slower, "--baseline", base, "--format", "json"]) == 10
    printed = capfd.readouterr()
    json.loads(printed.out)  # annotations are not in the data
    assert "::error title=" in printed.err
    summary = Path("summary.md").read_text()
    assert summary.startswith("what other commands wrote\n")
    assert "30 % slower" in summary


def test_elsewhere_nothing_is_annotated(slower: str, base: str, err: Read) -> None:
    assert run_app(["gate", slower, "--baseline", base]) == 10
    assert "::error" not in err()


def test_a_summary_that_cannot_be_written_is_a_warning(
    same: str, base: str, monkeypatch: pytest.MonkeyPatch, err: Read
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "folder")
    Path("folder").mkdir()
    assert run_app(["gate", same, "--baseline", base]) == 0
    assert "warning: cannot write the summary to folder: Is a directory" in err()


def test_a_summary_that_is_full_is_left_as_it_is(
    same: str, base: str, monkeypatch: pytest.MonkeyPatch, err: Read
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_bytes(b"x" * (1024 * 1024 - 100))
    assert run_app(["gate", same, "--baseline", base]) == 0
    assert "is full" in err()
    assert Path("summary.md").stat().st_size == 1024 * 1024 - 100


# What bad input gets.


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("p(95)<", "p(95)<"),
        ("p(95)<300", "unit"),
        ("speed<300ms", "speed"),
        ("avg<300parsecs", "300parsecs"),
        ("p(101)<300ms", "101"),
    ],
)
def test_a_budget_that_does_not_parse_is_shown(budget: str, said: str, base: str, err: Read) -> None:
    assert run_app(["gate", base, "--budget", budget]) == 2
    assert said in err()


def test_a_metric_that_was_not_measured_is_named(err: Read) -> None:
    alone = save("alone.json", make_measurement(durations=[100.0] * 20, cold=0))
    assert run_app(["gate", alone, "--budget", "init.p(95)<800ms"]) == 2
    assert "init" in err()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"name": "billing"}, "billing"),
        ({"region": "eu-west-1"}, "eu-west-1"),
        ({"payloads": (OTHER_EVENT,)}, "payload"),
        ({"platform": "cgroup v2"}, "embedded AWS"),
        ({"architecture": Architecture.ARM64}, "arm64"),
        ({"memory_mb": 1024}, "1024 MB"),
        ({"count": 0}, "0 warm invocations"),
        ({"count": 1}, "1 warm invocation"),
    ],
)
def test_a_baseline_of_something_else_is_refused_with_both(
    made: dict[str, Any], said: str, same: str, err: Read
) -> None:
    of_measurement = {key: made[key] for key in made if key in ("architecture", "memory_mb", "count")}
    of_run = {key: made[key] for key in made if key not in of_measurement}
    other = save("other.json", measured(100, **of_measurement), **of_run)
    assert run_app(["gate", same, "--baseline", other]) == 2
    printed = err()
    assert said in printed
    assert "hint:" in printed


@pytest.mark.parametrize(
    ("data", "said"),
    [('{"schema": "powertune/run/99"}', "newer"), ("", "base.json"), ("[]", "base.json")],
)
@pytest.mark.parametrize("role", ["candidate", "baseline"])
def test_a_file_that_cannot_be_read_is_named(data: str, said: str, role: str, same: str, err: Read) -> None:
    Path("base.json").write_text(data)
    files = ["base.json", "--baseline", same] if role == "candidate" else [same, "--baseline", "base.json"]
    assert run_app(["gate", *files]) == 2
    assert said in err()


def test_files_that_are_not_there_are_named(same: str, err: Read) -> None:
    assert run_app(["gate", "nope.json", "--baseline", same]) == 2
    assert "nope.json" in err()
    assert run_app(["gate", same, "--baseline", "nope"]) == 2
    printed = err()
    assert "there is no baseline at 'nope'" in printed
    assert "powertune baseline save" in printed


def test_a_baseline_that_a_store_does_not_have_is_named_with_what_it_has(same: str, base: str, err: Read) -> None:
    assert run_app(["baseline", "save", base, "--to", "kept", "--branch", "develop"]) == 0
    err()
    assert run_app(["gate", same, "--baseline", "kept"]) == 2
    printed = err()
    assert "no baseline of orders at 512 MB x86_64" in printed
    assert "on branch main" in printed
    assert "on branch develop" in printed
    assert run_app(["gate", same, "--baseline", "kept", "--baseline-branch", "develop"]) == 0


def test_a_damaged_baseline_of_a_store_is_an_error(same: str, base: str, err: Read) -> None:
    assert run_app(["baseline", "save", base, "--to", "kept"]) == 0
    (file,) = Path("kept").rglob("*.json")
    file.write_text("{")
    assert run_app(["gate", same, "--baseline", "kept"]) == 2
    assert str(file) in err()


def test_a_candidate_that_failed_fails_its_gate_if_its_baseline_works(base: str, err: Read) -> None:
    failed = [make_invocation(status=Status.ERROR, error_type="KeyError") for _ in range(10)]
    broken = Measurement(configuration=make_configuration(), invocations=Invocations.of(failed))
    file = save("broken.json", broken)
    assert run_app(["gate", file, "--baseline", base, "-o", "gate.md"]) == 10
    assert "10 of 10 invocations failed, and 0 of 208 of the baseline" in Path("gate.md").read_text()
    assert "hint: look at the function's log" in err()
    assert run_app(["gate", file, "--budget", "avg<1s"]) == 7
    assert "failed at every size" in err()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no candidate"),
        (["{same}"], "nothing to check"),
        (["{same}", "--run", "fn", "--baseline", "{base}"], "different kinds"),
        (["{same}", "--memory", "512", "--baseline", "{base}"], "--memory is for what is measured now"),
        (["{same}", "--baseline-run", "fn"], "--baseline-run is measured beside --run"),
        (["{same}", "--baseline-ref", "main"], "--baseline-ref is measured beside --local"),
        (["{same}", "--baseline", "{base}", "--baseline-branch", "main"], "has no branches"),
        (["{same}", "--baseline-branch", "main", "--budget", "avg<1s"], "no baselines to take branch main of"),
        (["--run", "fn", "--baseline-run", "a", "--baseline-run", "b", "--yes"], "do not make pairs"),
        (["--run", "fn", "--baseline", "{base}", "--baseline-run", "a", "--yes"], "two baselines"),
        (["--run", "fn", "--baseline-run", "a"], "no terminal to ask on"),
        (["--run", "not a name", "--budget", "avg<1s", "--yes"], "not the name or ARN"),
        (["--local", "app.py:handler", "--baseline", "{base}"], "--local is not compared with --baseline"),
        (["--local", "nope/app.py:handler", "--baseline-ref", "main"], "no file 'nope/app.py'"),
        (["{same}", "--baseline", "{base}", "--on-inconclusive", "cry"], "cry"),
        (["{same}", "--baseline", "{base}", "--max-regression", "duration=much"], "much"),
        (["{same}", "--baseline", "{base}", "--min-effect", "nope.json"], "cannot read 'nope.json'"),
        (["{same}", "--baseline", "{base}", "-o", "{base}"], "would overwrite"),
        (["{same}", "--baseline", "{base}", "-o", "report.png"], "report.png"),
        (["--run", "fn", "--memory", "512", "--baseline-run", "fn:prod", "--yes"], "--memory names sizes"),
        (["{same}", "--baseline", "{base}", "--max-invocations", "0"], "max-invocations"),
        (["{same}", "--baseline", "{base}", "--save-baseline"], "--baseline names none"),
        (["{same}", "--budget", "avg<1s", "--save-baseline"], "--baseline names none"),
    ],
)
def test_what_does_not_go_together_is_refused(words: list[str], said: str, same: str, base: str, err: Read) -> None:
    assert run_app(["gate", *(word.format(same=same, base=base) for word in words)]) == 2
    printed = err()
    assert said in printed
    assert "hint:" in printed


def test_functions_of_two_regions_are_two_gates(err: Read) -> None:
    arns = [f"arn:aws:lambda:{region}:123456789012:function:fn" for region in ("us-east-1", "eu-west-1")]
    assert run_app(["gate", "--run", arns[0], "--baseline-run", arns[1], "--yes"]) == 2
    assert "is not the region of" in err()


def test_passing_the_gate_makes_the_candidate_the_next_baseline(
    same: str, base: str, slower: str, monkeypatch: pytest.MonkeyPatch, err: Read
) -> None:
    monkeypatch.setenv("GITHUB_SHA", "1a2b3c4d5e6f7a8b9c0d")
    words = ["--baseline", "kept", "--save-baseline"]
    Path("kept").mkdir()
    # The first one has nothing to be compared with, so that budgets judge it.
    assert run_app(["gate", base, *words]) == 2
    assert "there is no baseline" in err()
    assert run_app(["gate", base, *words, "--budget", "avg<1s"]) == 0
    (first,) = Path("kept").rglob("*.json")
    assert first.name.endswith("-1a2b3c4d5e6f.json")
    assert run_app(["gate", slower, *words]) == 10
    assert list(Path("kept").rglob("*.json")) == [first]
    later = save("later.json", measured(100.4), finished_at=run().finished_at + 60)
    assert run_app(["gate", later, *words]) == 0
    assert len(list(Path("kept").rglob("*.json"))) == 2
    # Run again, it is there already.
    assert run_app(["gate", later, *words]) == 0
    assert same


@pytest.mark.parametrize("how", ["pass", "warn"])
def test_a_candidate_that_is_not_proven_is_not_the_next_baseline(base: str, how: str, err: Read) -> None:
    """Or each could be slower than the one before by what its gate cannot tell."""
    Path("kept").mkdir()
    words = ["--baseline", "kept", "--save-baseline", "--on-inconclusive", how]
    assert run_app(["gate", base, *words, "--budget", "avg<1s"]) == 0
    undecided = save("undecided.json", measured(105), finished_at=run().finished_at + 60)
    assert run_app(["gate", undecided, *words]) == 0
    assert "not kept as the next baseline" in err()
    assert len(list(Path("kept").rglob("*.json"))) == 1


def test_calibration_is_what_min_effect_takes(slower: str, base: str) -> None:
    noise = {"within": 0.1, "between": 0.1, "drift": 0.1, "min_effect": 0.5, "pairs": 3}
    metrics = [{"metric": metric, **noise} for metric in ("duration", "cost")]
    Path("noise.json").write_text(json.dumps({"schema": "powertune/gate-calibration/1", "metrics": metrics}))
    assert run_app(["gate", slower, "--baseline", base, "--min-effect", "noise.json"]) == 0
    Path("noise.json").write_text("{}")
    assert run_app(["gate", slower, "--baseline", base, "--min-effect", "noise.json"]) == 2
