"""The lock names one version of everything that is installed, on every Python and system that is supported."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from powertune.report.formats import SLIM_LEAVES_OUT

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "constraints.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
}


def test_a_slim_installation_is_all_dependencies_but_those_that_it_leaves_out() -> None:
    lines = (ROOT / "requirements" / "slim.txt").read_text().splitlines()
    slim = [line for line in lines if not line.startswith("#")]
    assert slim == [
        text for text in PROJECT["project"]["dependencies"] if Requirement(text).name not in SLIM_LEAVES_OUT
    ]
    assert {Requirement(text).name for text in PROJECT["project"]["dependencies"]} >= set(SLIM_LEAVES_OUT)


def pins() -> dict[str, str]:
    lines = [line for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    # Nothing but names and versions: no address, no path, no name of a machine.
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+", line)] == []
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def asked_for() -> list[Requirement]:
    """What pyproject.toml names itself: dependencies, extras, and what builds the package."""
    project = PROJECT["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    named = map(Requirement, [*project["dependencies"], *extras, *PROJECT["build-system"]["requires"]])
    return [requirement for requirement in named if requirement.name != "powertune"]


@pytest.mark.parametrize("requirement", asked_for(), ids=lambda requirement: requirement.name)
def test_what_the_project_asks_for_is_pinned_to_a_version_that_it_takes(requirement: Requirement) -> None:
    version = pins().get(canonicalize_name(requirement.name))
    assert version is not None, "make lock"
    assert requirement.specifier.contains(version), "make lock"


def closure(requirements: Iterable[Requirement], environment: dict[str, str]) -> Iterator[str]:
    """The names of everything that is installed for them, as far as it is installed here and can be asked."""
    todo, done = list(requirements), set()
    while todo:
        requirement = todo.pop()
        extras = requirement.extras or {""}
        key = (canonicalize_name(requirement.name), frozenset(extras))
        wanted = requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""})
        if not wanted or key in done:
            continue
        done.add(key)
        yield key[0]
        try:
            needed = metadata.requires(requirement.name) or []
        except metadata.PackageNotFoundError:
            continue
        for text in needed:
            inner = Requirement(text)
            if inner.marker is None or any(inner.marker.evaluate({**environment, "extra": e}) for e in extras):
                inner.marker = None
                todo.append(inner)


@pytest.mark.long
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_what_these_need_is_pinned_on_every_python_and_system(system: str, python: str) -> None:
    environment = {**SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.0"}
    missing = set(closure(asked_for(), environment)) - pins().keys()
    assert missing == set(), "make lock"


@pytest.mark.long
@pytest.mark.parametrize("python", PYTHONS)
def test_what_is_pinned_is_for_every_python(python: str) -> None:
    known = pins()
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        if known.get(name) == distribution.version:
            supported = SpecifierSet(distribution.metadata["Requires-Python"] or "")
            assert supported.contains(f"{python}.0"), name


def test_the_supported_pythons_are_those_that_are_checked() -> None:
    classifiers = PROJECT["project"]["classifiers"]
    assert [c for c in PYTHONS if f"Programming Language :: Python :: {c}" in classifiers] == list(PYTHONS)
    assert sum(re.fullmatch(r".*:: Python :: 3\.\d+", c) is not None for c in classifiers) == len(PYTHONS)
