"""The files of the state machine are found in a source checkout, and come with an installed package."""

import tomllib
from pathlib import Path

import pytest

import powertune
from powertune.engine.deployment.sources import Sources, read_sources, sources_folder
from powertune.errors import UsageError

ROOT = Path(__file__).parents[4]


def test_a_source_checkout_has_them_beside_the_package() -> None:
    assert sources_folder() == ROOT / "statemachine"


def test_a_wheel_has_them_in_the_package() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"statemachine": "powertune/statemachine"}


def test_an_installed_package_is_looked_into_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "powertune"
    package.mkdir()
    monkeypatch.setattr(powertune, "__file__", str(package / "__init__.py"))
    with pytest.raises(UsageError, match=r"there is no template\.yaml"):
        sources_folder()
    (package / "statemachine").mkdir()
    (package / "statemachine" / "template.yaml").write_text("Resources: {}")
    assert sources_folder() == package / "statemachine"


def test_all_files_are_read_and_one_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {}")
    (tmp_path / "tuning.asl.json").write_text("{}")
    with pytest.raises(UsageError, match=r"cannot read .*handlers\.py"):
        read_sources(tmp_path)
    (tmp_path / "handlers.py").write_text("x = 1")
    assert read_sources(tmp_path) == Sources(template="Resources: {}", definition=b"{}", handlers=b"x = 1")
    with pytest.raises(UsageError, match=r"cannot read .*scan-template\.yaml"):
        read_sources(tmp_path, of_scan=True)
    (tmp_path / "scan-template.yaml").write_text("Resources: {Scan: {}}")
    (tmp_path / "scan.asl.json").write_text("[]")
    assert read_sources(tmp_path, of_scan=True) == Sources(
        template="Resources: {Scan: {}}", definition=b"[]", handlers=b"x = 1"
    )
