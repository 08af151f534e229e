"""How to put a recommendation into effect."""

import subprocess
from typing import Any

import pytest
from factories import make_analysis, make_configuration, make_function, make_measurement, make_prices
from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis import Analysis
from powertune.cli.tables.run import render_run_table
from powertune.cli.tables.screen import Screen
from powertune.model import Architecture
from powertune.report.change import Change, change_of, shell_lines
from powertune.report.html.page import render_html
from powertune.report.markdown import render_markdown

WHERE = "--function-name resize --region us-east-1"


def analysis_of(*, chosen: int = 1024, architecture: Architecture = Architecture.X86_64, **function: Any) -> Analysis:
    """A function of 512 MB for which `chosen` is as cheap, and much faster."""
    current = make_measurement(memory_mb=512, durations=[800.0 + n % 3 for n in range(20)])
    better = make_measurement(
        memory_mb=chosen, architecture=architecture, durations=[100.0 + n % 3 for n in range(20)]
    )
    return make_analysis(current, better, prices=make_prices(), function=make_function(**function))


def change(**more: Any) -> Change:
    found = change_of(analysis_of(**more))
    assert found is not None
    return found


def commands(**more: Any) -> list[str]:
    return [" ".join(words) for words in change(**more).commands]


def test_another_size_is_one_command_and_a_line_for_each_tool() -> None:
    assert commands() == [f"aws lambda update-function-configuration {WHERE} --memory-size 1024"]
    assert change().definitions == (
        ("SAM", ("MemorySize: 1024",)),
        ("CDK", ("memorySize: 1024",)),
        ("Terraform", ("memory_size = 1024",)),
        ("serverless.yml", ("memorySize: 1024",)),
    )
    assert change().note is None


def test_another_architecture_takes_code_that_is_built_for_it() -> None:
    assert commands(architecture=Architecture.ARM64) == [
        f"aws lambda update-function-configuration {WHERE} --memory-size 1024",
        f"aws lambda wait function-updated-v2 {WHERE}",
        f"aws lambda update-function-code {WHERE} --architectures arm64 --zip-file fileb://PACKAGE.zip",
    ]
    assert change(architecture=Architecture.ARM64).note == "PACKAGE.zip is your code, built for arm64."
    assert dict(change(architecture=Architecture.ARM64).definitions) == {
        "SAM": ("MemorySize: 1024", "Architectures: [arm64]"),
        "CDK": ("memorySize: 1024", "architecture: lambda.Architecture.ARM_64"),
        "Terraform": ("memory_size = 1024", 'architectures = ["arm64"]'),
        "serverless.yml": ("memorySize: 1024", "architecture: arm64"),
    }


def test_only_what_changes_is_named() -> None:
    only = change(chosen=512, architecture=Architecture.ARM64, package_type="Image")
    assert [" ".join(words) for words in only.commands] == [
        f"aws lambda update-function-code {WHERE} --architectures arm64 --image-uri IMAGE_URI"
    ]
    assert dict(only.definitions)["Terraform"] == ('architectures = ["arm64"]',)


def test_an_alias_moves_to_a_new_version() -> None:
    assert commands(qualifier="prod")[1:] == [
        f"aws lambda wait function-updated-v2 {WHERE}",
        f"aws lambda publish-version {WHERE}",
        f"aws lambda update-alias {WHERE} --name prod --function-version VERSION",
    ]
    assert change(qualifier="prod").note == "VERSION is the number that publish-version prints."


@pytest.mark.parametrize("qualifier", [None, "$LATEST", "7"])
def test_without_an_alias_the_function_is_all_that_changes(qualifier: str | None) -> None:
    assert len(commands(qualifier=qualifier)) == 1


def test_nothing_is_applied_where_nothing_changes() -> None:
    assert change_of(analysis_of(memory_mb=1024)) is None
    assert change_of(make_analysis()) is None
    # Figures of the embedded AWS are no reason to change a function on AWS.
    assert change_of(analysis_of(platform="cgroup v2", cores=2.0)) is None


NAMES = st.text(st.characters(exclude_characters="\x00\r\n", exclude_categories=["Cs"]), min_size=1, max_size=30)


@pytest.mark.long
@given(st.lists(NAMES, min_size=1, max_size=6), st.integers(20, 100))
def test_a_shell_reads_back_what_was_written(values: list[str], width: int) -> None:
    words = ["printf", "%s\\0", *(word for value in values for word in ("--option", value))]
    text = "\n".join(shell_lines(words, width))
    ran = subprocess.run(["sh", "-c", text], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert ran.stdout.decode().split("\0")[:-1] == words[2:]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_the_terminal(width: int) -> None:
    for command in change(architecture=Architecture.ARM64, qualifier="prod").commands:
        assert all(len(line) <= width for line in shell_lines(command, width))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_shows_all_of_it(width: int) -> None:
    analysis = analysis_of(architecture=Architecture.ARM64, qualifier="prod")
    table = render_run_table(analysis, Screen(width=width)).decode()
    assert "PACKAGE.zip is your code, built for arm64. VERSION is the number" in " ".join(table.split())
    assert max(map(len, table.splitlines())) <= width


@pytest.mark.parametrize("render", [lambda a: render_run_table(a, Screen(width=80)), render_markdown, render_html])
def test_every_report_for_people_says_how_to_apply_it(render: Any) -> None:
    report = render(analysis_of(qualifier="prod")).decode()
    for text in (
        "update-function-configuration",
        "--memory-size 1024",
        "memory_size = 1024",
        "VERSION is the number",
    ):
        assert text.replace("_", r"\_") in report or text in report
    unchanged = render(analysis_of(memory_mb=1024)).decode()
    assert "update-function-configuration" not in unchanged


def test_a_hostile_region_neither_controls_the_terminal_nor_runs() -> None:
    analysis = analysis_of(region="\x1b[31m$(reboot)")
    assert "\x1b" not in render_run_table(analysis, Screen(width=120)).decode()
    assert "'\x1b[31m$(reboot)'" in "\n".join(shell_lines(change(region="\x1b[31m$(reboot)").commands[0], 120))


def test_the_configuration_that_is_applied_is_the_recommended_one() -> None:
    analysis = analysis_of()
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(1024)
