"""The documentation says what the code does."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import takewhile
from pathlib import Path

import cli_reference
import pytest
import typer

from powertune import config
from powertune.config import LocalOptions, RunOptions, autopilot_options, loading, parsers, scan_options
from powertune.config.autopilot_options import AutopilotOptions
from powertune.config.execution_input import parse_request
from powertune.config.scan_options import ScanOptions
from powertune.model import INVOCATION_FIELDS, TuningRun
from powertune.plan import LANES
from powertune.scan import suppressions

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: Decisions are records of their day: what they name may have been renamed since.
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    + [ROOT / folder / "README.md" for folder in ("examples", "reports", "statemachine")]
    + [page for page in DOCS.glob("**/*.md") if page.parent.name != "adr" and page != cli_reference.PAGE]
)
COMMANDS = {context.command_path: context for context in cli_reference.commands(cli_reference.program())}
OPTIONS = {
    path: {name for option in cli_reference.options(context) for name in option.opts}
    for path, context in COMMANDS.items()
}


def command_lines() -> Iterator[tuple[str, str]]:
    """Page and line of every `$ powertune ...` in a console block."""
    for page in PAGES:
        for line in re.findall(r"^\s*\$ (powertune .*)", page.read_text(), flags=re.MULTILINE):
            yield page.name, line


def command_of(words: Sequence[str]) -> tuple[typer.Context, list[str]]:
    """The command that words begin with, which may be below another one, and its arguments."""
    path = f"powertune {words[0]}"
    assert path in COMMANDS, f"no command {path!r}"
    below = f"{path} {words[1]}" if len(words) > 1 else path
    depth = 2 if below in COMMANDS and below != path else 1
    return COMMANDS[below if depth == 2 else path], list(words[depth:])


def mentions() -> Iterator[tuple[str, str]]:
    """Page and text of every `powertune ...` or `--option ...` within a line."""
    for page in PAGES:
        prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for text in re.findall(r"`((?:powertune [a-z]|--)[^`]+)`", prose):
            yield page.name, " ".join(text.split())


def execution_inputs() -> Iterator[tuple[str, str]]:
    """Page and text of every input of an execution, in a block of JSON or within a line."""
    for page in PAGES:
        text = page.read_text()
        blocks = re.findall(r"^```json\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
        documents = [each for block in blocks for each in ([block] if is_json(block) else block.splitlines())]
        for document in (*documents, *re.findall(r"`({[^`]+})`", text)):
            if '"lambdaARN":' in document:
                yield page.name, document


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(("page", "text"), tuple(execution_inputs()))
def test_every_input_of_an_execution_is_accepted(page: str, text: str) -> None:
    parse_request(json.loads(text), lambda _address: b"{}")


@pytest.mark.parametrize(("page", "line"), tuple(command_lines()))
def test_every_command_line_parses(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    context, arguments = command_of([*takewhile(lambda word: word not in (">", "|"), words)])
    # Conversions and required arguments are checked, as at a terminal; nothing runs.
    context.command.make_context(context.info_name, arguments, parent=context.parent)


@pytest.mark.parametrize(("page", "text"), sorted(set(mentions())))
def test_every_option_that_is_mentioned_exists(page: str, text: str) -> None:
    words = text.replace("|", " ").split()
    named = {word.split("=")[0] for word in words if word.startswith("--")}
    if words[0] == "powertune":
        context, _ = command_of(words[1:])
        assert named <= OPTIONS[context.command_path]
    else:
        assert named <= set().union(*OPTIONS.values())


def keys(page: str, heading: str) -> dict[str, str]:
    """The first two columns of the table below a heading."""
    text = (DOCS / page).read_text().split(heading, 1)[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", text, flags=re.MULTILINE)
    return {key: default.strip() for key, default in rows}


def test_every_configuration_key_is_documented_with_its_default() -> None:
    documented = keys("reference/configuration.md", "## `[run]`")
    assert documented.keys() == {*parsers.RUN, "payload"}
    defaults = RunOptions()
    for name, least in (("invocations", config.INVOCATIONS), ("environments", LANES)):
        assert documented[name].startswith(f"{least}; in a search")
    assert str(config.MOST_INVOCATIONS) in documented["invocations"]
    for name in ("min_memory", "max_memory", "concurrency", "max_spend", "seed", "sleep_ms", "rate"):
        assert documented[name] == str(getattr(defaults, name)), name
    for name in ("strategy", "cost_tolerance", "balanced_weight"):
        assert documented[name].strip('"`') == str(getattr(defaults.goal, name)), name


def test_every_local_key_is_documented_with_its_default() -> None:
    documented = keys("reference/configuration.md", "## `[local]`")
    assert documented.keys() == set(loading._LOCAL)
    assert documented["memory"] == str(LocalOptions().memory)
    assert documented["timeout"] == str(LocalOptions().timeout)


def test_every_scan_key_is_documented_with_its_default() -> None:
    documented = keys("reference/configuration.md", "## `[scan]`")
    assert documented.keys() == {*scan_options._FROM_FILE, *suppressions._KEYS}
    assert documented["days"] == str(ScanOptions().days)


def test_every_autopilot_key_is_documented_with_its_default() -> None:
    documented = keys("reference/configuration.md", "## `[autopilot]`")
    assert documented.keys() == {*autopilot_options._FROM_FILE}
    assert documented["max_open"] == str(AutopilotOptions().max_open)
    assert documented["max_functions"] == str(AutopilotOptions().max_functions)


def test_every_field_of_the_results_file_is_documented() -> None:
    text = (DOCS / "reference/results-file.md").read_text()
    for name in (*INVOCATION_FIELDS, *(f.name for f in fields(TuningRun))):
        assert f"`{name}`" in text, name


def test_links_between_pages_lead_somewhere() -> None:
    for page in {*DOCS.glob("**/*.md"), *PAGES}:
        for link in re.findall(r"\]\((?!https?://)([^)]+)", page.read_text()):
            target, _, anchor = link.partition("#")
            place = page.parent / target if target else page
            assert place.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(place), f"{page.name}: {link}"


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["analysis", "scan"])
def test_every_key_of_a_document_is_documented(name: str) -> None:
    text = (DOCS / f"reference/{name}-document.md").read_text()

    def check(value: object) -> None:
        if isinstance(value, list):
            for item in value:
                check(item)
        if isinstance(value, dict):
            for key, item in value.items():
                assert f"`{key}`" in text, key
                check(item)

    check(json.loads((DOCS.parent / f"tests/golden/{name}.json").read_text()))


def test_the_report_in_the_readme_is_that_of_the_gallery() -> None:
    block = (ROOT / "README.md").read_text().split("$ powertune run examples/cpu_bound ", 1)[1].split("```", 1)[0]
    table, answer = (part.splitlines() for part in block.split("\n", 1)[1].split("...\n"))
    report = (ROOT / "reports" / "cpu_bound" / "report.txt").read_text().splitlines()
    assert report[: len(table)] == table
    first = report.index(answer[0])
    assert report[first : first + len(answer)] == answer


def test_every_path_that_contributors_are_sent_to_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`((?:powertune|tests|docs|benchmarks|requirements)/[\w./*-]*)`", text)
    assert paths
    for path in paths:
        assert list(ROOT.glob(path.rstrip("/"))), path
