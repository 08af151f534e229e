"""Old names of settings, and variables of the environment that set nothing."""

from pathlib import Path
from typing import Any

import pytest

from powertune.config import RunOptions, load_run
from powertune.errors import UsageError


def load(folder: Path, text: str = "", environment: dict[str, str] | None = None, **options: Any) -> RunOptions:
    (folder / "powertune.toml").write_text(f"[run]\n{text}")
    return load_run(folder, environment or {}, options, lambda source, base: b'"%s"' % source.encode())


def test_old_names_are_taken_from_every_source(tmp_path: Path) -> None:
    for options in (
        load(tmp_path, 'lanes = 3\ntelemetry = "tail"'),
        load(tmp_path, environment={"POWERTUNE_LANES": "3", "POWERTUNE_TELEMETRY": "tail"}),
        load(tmp_path, lanes="3", telemetry="tail"),
    ):
        assert (options.environments, options.report_source) == (3, "tail")


def test_a_stronger_source_wins_whichever_names_are_used(tmp_path: Path) -> None:
    assert load(tmp_path, "environments = 2", {"POWERTUNE_LANES": "3"}).environments == 3
    assert load(tmp_path, "lanes = 2", {"POWERTUNE_LANES": "3"}, environments="4").environments == 4


def test_one_source_gives_one_of_the_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="telemetry is the old name of report-source"):
        load(tmp_path, telemetry="tail", report_source="tail")


def test_a_misspelled_variable_is_an_error_that_suggests_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'POWERTUNE_MEMRY' sets no option") as caught:
        load(tmp_path, environment={"POWERTUNE_MEMRY": "5"})
    assert caught.value.hint == "did you mean POWERTUNE_MEMORY?"
    with pytest.raises(UsageError) as caught:
        load(tmp_path, environment={"POWERTUNE_XYZ": "5"})
    assert str(caught.value.hint).startswith("unset it")


def test_a_misspelled_key_suggests_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "max_spent = 1")
    assert str(caught.value.hint).startswith("did you mean max_spend? the keys are allowed_errors, arch, ")
    assert "lanes" not in str(caught.value.hint)


@pytest.mark.parametrize("source", ["file://event.json", "fileb://event.json"])
def test_a_file_is_named_as_for_the_aws_cli(source: str, tmp_path: Path) -> None:
    for options in (
        load(tmp_path, f'payload = "{source}"'),
        load(tmp_path, environment={"POWERTUNE_PAYLOAD": source}),
        load(tmp_path, payload=source),
    ):
        assert options.workload.payloads[0].body == b'"@event.json"'


def test_a_configuration_file_names_no_file_elsewhere_in_that_way_either(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leads out of the folder"):
        load(tmp_path, 'payload = "file://../secret"')
    with pytest.raises(UsageError, match="leads out of the folder"):
        load(tmp_path, 'payload = "file:///etc/passwd"')
