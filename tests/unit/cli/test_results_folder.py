"""Where runs are saved if nobody names a file."""

from pathlib import Path

import pytest
from factories import make_function

from powertune.cli.tuning import results_file, results_path
from powertune.config import RunOptions, load_run
from powertune.errors import UsageError
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable


@pytest.fixture
def plan() -> Plan:
    return make_plan(
        RunOptions(memory=(128,)),
        make_function(name="resize"),
        PriceTable.bundled().region("us-east-1"),
        PriorKnowledge(account_concurrency=1000, average_ms=None),
        run_id="abcd1234",
    )


def test_results_are_gathered_in_a_folder_that_git_ignores(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "powertune-results"
    assert results_path(folder, plan) == folder / "resize-abcd1234.json"
    assert (folder / ".gitignore").read_text() == "*\n"
    assert results_path(folder, plan) == folder / "resize-abcd1234.json"


@pytest.mark.parametrize(
    ("function", "run_id", "file"),
    [
        ("../../x", "abcd1234", "------x-abcd1234.json"),
        ("/etc/x", "1", "-etc-x-1.json"),
        ("fn", "../x", "fn----x.json"),
    ],
)
def test_a_name_that_lambda_does_not_allow_leads_to_no_other_folder(
    function: str, run_id: str, file: str, tmp_path: Path
) -> None:
    assert results_file(tmp_path, function, run_id) == tmp_path / file


def test_a_folder_that_was_there_is_left_to_git(plan: Plan, tmp_path: Path) -> None:
    assert results_path(tmp_path, plan) == tmp_path / "resize-abcd1234.json"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot make the folder '.*file/inner' for results: ") as caught:
        results_path(tmp_path / "file" / "inner", plan)
    assert "--results-folder" in str(caught.value.hint)


def test_the_folder_of_a_configuration_file_starts_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text('[run]\nresults_folder = "runs"\n')

    def load(**options: str) -> Path:
        return load_run(tmp_path, {}, options, lambda source, folder: b"{}").results_folder

    assert load() == tmp_path / "runs"
    assert load(results_folder="mine") == Path("mine")
    (tmp_path / "powertune.toml").unlink()
    assert load() == Path("powertune-results")
