"""The documentation says what the code does."""

import json
import re
from dataclasses import fields
from pathlib import Path

from powertune import config
from powertune.config import LocalOptions, RunOptions
from powertune.model import INVOCATION_FIELDS, TuningRun
from powertune.plan import LANES

DOCS = Path(__file__).parents[2] / "docs"


def keys(page: str, heading: str) -> dict[str, str]:
    """The first two columns of the table below a heading."""
    text = (DOCS / page).read_text().split(heading, 1)[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", text, flags=re.MULTILINE)
    return {key: default.strip() for key, default in rows}


def test_every_configuration_key_is_documented_with_its_default() -> None:
    documented = keys("reference/configuration.md", "## `[run]`")
    assert documented.keys() == {*config._RUN, "payload"}
    defaults = RunOptions()
    for name, least in (("invocations", config.INVOCATIONS), ("lanes", LANES)):
        assert documented[name].startswith(f"{least}; in a search")
    assert str(config.MOST_INVOCATIONS) in documented["invocations"]
    for name in ("min_memory", "max_memory", "concurrency", "max_spend", "seed", "sleep_ms", "rate"):
        assert documented[name] == str(getattr(defaults, name)), name
    for name in ("strategy", "cost_tolerance", "balanced_weight"):
        assert documented[name].strip('"`') == str(getattr(defaults.goal, name)), name


def test_every_local_key_is_documented_with_its_default() -> None:
    documented = keys("reference/configuration.md", "## `[local]`")
    assert documented.keys() == set(config._LOCAL)
    assert documented["memory"] == str(LocalOptions().memory)
    assert documented["timeout"] == str(LocalOptions().timeout)


def test_every_field_of_the_results_file_is_documented() -> None:
    text = (DOCS / "reference/results-file.md").read_text()
    for name in (*INVOCATION_FIELDS, *(f.name for f in fields(TuningRun))):
        assert f"`{name}`" in text, name


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*DOCS.glob("**/*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_key_of_the_analysis_document_is_documented() -> None:
    text = (DOCS / "reference/analysis-document.md").read_text()

    def check(value: object) -> None:
        if isinstance(value, list):
            for item in value:
                check(item)
        if isinstance(value, dict):
            for key, item in value.items():
                assert f"`{key}`" in text, key
                check(item)

    check(json.loads((DOCS.parent / "tests/golden/analysis.json").read_text()))
