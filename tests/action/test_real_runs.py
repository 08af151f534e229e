"""The steps of action.yml with the real powertune, which measures on the embedded AWS."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from action_job import PULL_REQUEST, Job
from composite_action import CompositeAction
from git_repository import Repository
from junit_schema import check

HANDLER = """
def handler(event, context):
    total = 0
    for number in range({work}):
        total += number * number
    return total
"""


def real(action: CompositeAction) -> CompositeAction:
    """The action with powertune as this environment has it."""
    program = Path(sys.executable).with_name("powertune")
    action.instead = {**action.instead, "install": lambda _inputs: {"powertune": str(program)}}
    return action


@pytest.mark.long
def test_a_run_writes_its_summary_its_junit_file_and_its_outputs(job: Job) -> None:
    (job.workspace / "app.py").write_text(HANDLER.format(work=20_000))
    options = "--memory 512,1024\n--invocations 3\n--environments 1"
    ended = real(job.action(PULL_REQUEST)).run(command="run", target="./app.py:handler", options=options)
    # Few samples on a busy machine may not be enough for an answer.
    assert (ended.outputs["outcome"], ended.outputs["exit-code"]) in {("passed", "0"), ("inconclusive", "8")}
    assert ended.failed is (ended.outputs["outcome"] == "inconclusive")
    assert "1024 MB" in ended.summary
    junit = ET.parse(ended.outputs["junit"]).getroot()
    check(junit)
    assert "recommendation" in {case.attrib["name"] for case in junit.iter("testcase")}
    assert ended.summary.strip() in job.github.comments[7][0]["body"]
    names = {path.name for path in (job.artifacts / "powertune-report").iterdir()}
    assert names == {"report.html", "report.json", "report.md", "report.xml", "run.json"}


@pytest.mark.long
@pytest.mark.parametrize(("work", "code"), [(30_000, 0), (45_000, 10)])
def test_a_gate_judges_a_pull_request_by_its_base(job: Job, work: int, code: int) -> None:
    """As gate-pull-request.yml does: the merge commit is checked out, and its first parent is the baseline."""
    git = Repository(job.workspace)
    base = git.commit("app.py", HANDLER.format(work=30_000))
    git.run("switch", "-qc", "topic")
    head = git.commit("app.py", f"{HANDLER.format(work=work)}\n# changed\n")
    git.run("switch", "-q", "--detach", base)
    git.run("merge", "-q", "--no-ff", "-m", "merge", "topic")
    event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
    action = real(job.action(event))
    action.variables = {**action.variables, "GITHUB_SHA": git.run("rev-parse", "HEAD")}
    ended = action.run(
        options="--local app.py:handler\n--memory 1024", max_regression="duration=10%", on_inconclusive="warn"
    )
    assert ended.outputs["baseline"] == base
    assert ended.outputs["exit-code"] == str(code), ended.logs
    assert ended.failed is (code != 0)
    check(ET.parse(ended.outputs["junit"]).getroot())
    report = Path(ended.outputs["summary"]).read_text()
    assert report.strip() in ended.summary
    assert report.strip() in job.github.comments[7][0]["body"]
    assert len(list((job.artifacts / "powertune-report" / "results").glob("*.json"))) == 2
    assert git.run("status", "--porcelain") == ""
    assert git.run("worktree", "list").count("\n") == 0
    if code:
        assert ended.outputs["outcome"] == "failed"
        assert "slower" in ended.summary
        assert "::error " in ended.logs["Run powertune"]
