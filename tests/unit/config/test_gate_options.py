"""The options of a gate: file, environment and command line, in this order."""

from pathlib import Path
from typing import Any

import pytest

from powertune.config import load_run
from powertune.config.gate_options import BudgetSetting, GateOptions, load_gate
from powertune.config.option_names import GATE_KEYS
from powertune.errors import UsageError
from powertune.model import Architecture


def written(folder: Path, text: str) -> Path:
    (folder / "powertune.toml").write_text(text)
    return folder


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    assert load_gate(tmp_path, {}, {}) == GateOptions()


def test_the_file_sets_everything(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        """
        [gate]
        budgets = ["p(95)<300ms", "cost<5usd/1M"]
        max_regression = { duration = "3%", init = "off" }
        min_effect = "duration=2.1%"
        on_inconclusive = "warn"
        max_invocations = 5000
        max_spend = 0.5
        baseline = "baselines/main.json"
        baseline_branch = "main"
        memory = [512, 1024]
        invocations_per_month = "2.5M"
        functions = 20
        [[gate.budget]]
        check = "avg<120ms"
        function = "orders-*"
        arch = "arm64"
        memory = 512
        level = "warn"
        """,
    )
    assert load_gate(folder, {}, {}) == GateOptions(
        budgets=("p(95)<300ms", "cost<5usd/1M"),
        budget=(
            BudgetSetting(check="avg<120ms", function="orders-*", arch=Architecture.ARM64, memory=512, level="warn"),
        ),
        max_regression="duration=3%,init=off",
        min_effect="duration=2.1%",
        on_inconclusive="warn",
        max_invocations=5000,
        max_spend=0.5,
        baseline=str(tmp_path / "baselines/main.json"),
        baseline_branch="main",
        memory=(512, 1024),
        invocations_per_month=2.5e6,
        functions=20,
    )


def test_the_command_line_overrides_the_environment_which_overrides_the_file(tmp_path: Path) -> None:
    folder = written(tmp_path, '[gate]\non_inconclusive = "pass"\nmax_spend = 1\nmax_invocations = 100\nmemory = 256')
    environment = {"POWERTUNE_ON_INCONCLUSIVE": "warn", "POWERTUNE_MAX_SPEND": "2", "POWERTUNE_STRATEGY": "cost"}
    found = load_gate(folder, environment, {"max_spend": "3", "memory": "current", "baseline": None})
    assert (found.on_inconclusive, found.max_spend, found.max_invocations, found.memory) == ("warn", 3.0, 100, None)


def test_budgets_add_up(tmp_path: Path) -> None:
    folder = written(tmp_path, '[gate]\nbudgets = ["avg<1s"]')
    assert load_gate(folder, {}, {"budgets": ["max<2s", "p(95)<1s"]}).budgets == ("avg<1s", "max<2s", "p(95)<1s")
    assert load_gate(folder, {"POWERTUNE_BUDGETS": "max<2s; med<1s;"}, {}).budgets == ("avg<1s", "max<2s", "med<1s")
    assert load_gate(folder, {}, {"budgets": []}).budgets == ("avg<1s",)
    everywhere = load_gate(folder, {"POWERTUNE_BUDGETS": "max<2s"}, {"budgets": ["med<1s"]})
    assert everywhere.budgets == ("avg<1s", "max<2s", "med<1s")


def test_what_the_command_line_does_not_give_is_left_to_the_environment(tmp_path: Path) -> None:
    """Typer hands over every option, those that nobody gave as None or as an empty list."""
    environment = {
        "POWERTUNE_BUDGETS": "max<2s",
        "POWERTUNE_MAX_REGRESSION": "duration=3%",
        "POWERTUNE_ON_INCONCLUSIVE": "warn",
        "POWERTUNE_BASELINE": "s3://bucket/baselines/",
    }
    nothing: dict[str, Any] = {
        "budgets": [],
        "max_regression": None,
        "on_inconclusive": None,
        "baseline": None,
        "min_effect": None,
    }
    found = load_gate(tmp_path, environment, nothing)
    assert (found.budgets, found.max_regression) == (("max<2s",), "duration=3%")
    assert (found.on_inconclusive, found.baseline) == ("warn", "s3://bucket/baselines/")


@pytest.mark.parametrize("options", [{"budgets": [""]}, {"budgets": [" "]}])
def test_an_empty_budget_is_refused(tmp_path: Path, options: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match="budgets is empty"):
        load_gate(tmp_path, {}, options)


@pytest.mark.parametrize("key", GATE_KEYS)
def test_a_variable_of_a_gate_does_not_disturb_a_run(tmp_path: Path, key: str) -> None:
    value = {"memory": "512", "max_spend": "1", "invocations_per_month": "1M"}.get(key, "x")
    assert load_run(tmp_path, {f"POWERTUNE_{key.upper()}": value}, {}, lambda *_: b"{}")


def test_a_misspelled_variable_is_found(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="POWERTUNE_MAX_REGRESION") as caught:
        load_gate(tmp_path, {"POWERTUNE_MAX_REGRESION": "x"}, {})
    assert "POWERTUNE_MAX_REGRESSION" in str(caught.value.hint)


def test_a_baseline_in_the_file_stays_in_its_folder_or_in_a_bucket(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"baseline '../other.json' in the table .* leads out of the folder"):
        load_gate(written(tmp_path, '[gate]\nbaseline = "../other.json"'), {}, {})
    folder = written(tmp_path, '[gate]\nbaseline = "s3://bucket/key"')
    assert load_gate(folder, {}, {}).baseline == "s3://bucket/key"
    assert load_gate(folder, {}, {"baseline": "../other.json"}).baseline == "../other.json"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("budget = 3", r"budget 3 is not a list of tables"),
        ("budgets = 3", "budgets 3 is not a list of texts"),
        ("budgets = [3]", "budgets 3 is not text"),
        ('[[gate.budget]]\nlevel = "warn"', r"a table \[\[gate.budget\]\] has no check"),
        ('[[gate.budget]]\ncheck = "avg<1s"\nfunctoin = "x"', "unknown key 'functoin'"),
        ('[[gate.budget]]\ncheck = "avg<1s"\nlevel = "fatal"', "unknown level 'fatal'"),
        ('[[gate.budget]]\ncheck = "avg<1s"\nmemory = 64', "memory 64 is not a whole number from 128"),
        ('[[gate.budget]]\ncheck = "avg<1s"\narch = "arm"', "unknown arch 'arm'"),
        ('on_inconclusive = "ignore"', "unknown on-inconclusive 'ignore'"),
        ("max_spend = -1", "max-spend -1 is not a positive number"),
        ("max_invocations = 0", "max-invocations 0"),
        ("max_regression = 5", "max-regression 5 is not text"),
        ("functions = 0", "functions 0"),
        ("memory = 64", "memory size 64 MB is out of range"),
        ('tolerance = "5%"', "unknown key 'tolerance'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load_gate(written(tmp_path, f"[gate]\n{text}"), {}, {})
    assert caught.value.hint


@pytest.mark.parametrize("options", [{"budgets": ["a\nb"]}, {"baseline": "a\0b"}, {"max_spend": "nan"}])
def test_what_is_wrong_on_the_command_line_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        load_gate(tmp_path, {}, options)
