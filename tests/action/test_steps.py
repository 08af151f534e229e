"""The steps of action.yml, run as they are, with the variables of GitHub's runner."""

import json
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from action_job import HEAD, PULL_REQUEST, Job
from fake_github import TOKEN
from git_repository import Repository
from stub_powertune import REPORTS

pytestmark = pytest.mark.long

LOCAL = "--local app.py:handler"
FOOTER = f"<sub>Commit {HEAD[:12]} · [workflow run](https://github.example/acme/shop/actions/runs/99)</sub>"


def test_a_gate_that_passes(job: Job) -> None:
    ended = job.run(PULL_REQUEST, options="--run orders:candidate")
    assert not ended.failed
    assert ended.summary == "# Gate passed\n"
    (comment,) = job.github.comments[7]
    assert comment["body"] == f"<!-- powertune-gate: gate -->\n# Gate passed\n\n{FOOTER}\n"
    folder = Path(ended.outputs["report"])
    assert ended.outputs == {
        "outcome": "passed",
        "exit-code": "0",
        "report": str(folder),
        "summary": str(folder / "report.md"),
        "json": str(folder / "report.json"),
        "junit": str(folder / "report.xml"),
        "baseline": "",
        "comment-id": str(comment["id"]),
    }
    uploaded = {path.name: path.read_text() for path in (job.artifacts / "powertune-report").iterdir()}
    assert uploaded == {f"report{ending}": REPORTS[ending] for ending in (".md", ".json", ".xml")}
    assert job.words == ["gate", "--yes", f"--save={folder}/results", "--run=orders:candidate"]


@pytest.mark.parametrize(("code", "outcome"), [(10, "failed"), (8, "inconclusive"), (9, "error")])
def test_a_job_fails_after_the_report_is_uploaded_and_the_comment_is_posted(
    job: Job, code: int, outcome: str
) -> None:
    job.github.add(7, "<!-- powertune-gate: gate -->\n# Gate passed\n")
    job = job.told(code, md="# Something else\n")
    ended = job.run(PULL_REQUEST, options="--run orders")
    assert ended.failed
    assert ended.outputs["outcome"] == outcome
    assert ended.outputs["exit-code"] == str(code)
    assert [each["body"].splitlines()[1] for each in job.github.comments[7]] == ["# Something else"]
    assert (job.artifacts / "powertune-report" / "report.md").read_text() == "# Something else\n"
    assert list(ended.logs)[-3:] == ["Comment on the pull request", "Upload the reports", "Pass or fail"]


@pytest.mark.parametrize(("code", "shown"), [(2, "2"), (-signal.SIGTERM, "143")])
def test_without_a_report_that_is_said(job: Job, code: int, shown: str) -> None:
    job.github.add(7, "<!-- powertune-gate: gate -->\n# Gate passed\n")
    ended = job.told(code, md=None, json=None, xml=None).run(PULL_REQUEST, options="--run orders")
    assert ended.failed
    assert ended.summary == (
        f"### powertune gate: exit code {shown}\n\n"
        "powertune ended before it wrote a report. The log of the step `Run powertune` says why.\n"
    )
    assert (ended.outputs["exit-code"], ended.outputs["outcome"]) == (shown, "error")
    assert ended.outputs["summary"] == ended.outputs["junit"] == ended.outputs["json"] == ""
    (comment,) = job.github.comments[7]
    assert f"### powertune: exit code {shown}" in comment["body"]
    assert "Gate passed" not in comment["body"]


def test_a_gate_that_is_inconclusive_and_passes_is_called_inconclusive(job: Job) -> None:
    ended = job.told(0, json='{"verdict": "inconclusive"}').run(PULL_REQUEST, options="--run orders")
    assert not ended.failed
    assert (ended.outputs["outcome"], ended.outputs["exit-code"]) == ("inconclusive", "0")


def test_a_job_that_is_canceled_lets_powertune_restore_the_function(job: Job) -> None:
    job = replace(job, stub=replace(job.stub, waits=True))
    action = job.action({})

    def cancel(name: str, process: "subprocess.Popen[str]") -> None:
        """As the runner does: it signals the process of the script, and not what that has started."""
        while name == "Run powertune" and process.poll() is None and not (job.stub.folder / "waiting").exists():
            time.sleep(0.01)
        if name == "Run powertune":
            process.send_signal(signal.SIGINT)

    action.started = cancel
    assert action.run(command="run", target="orders").outputs["exit-code"] == "130"


def test_only_the_step_that_comments_knows_the_token(job: Job) -> None:
    job.run(PULL_REQUEST, options="--run orders")
    assert job.stub.called is not None
    assert TOKEN not in job.stub.called["variables"].values()


def test_a_push_has_no_comment(job: Job) -> None:
    ended = job.run({"before": "1" * 40}, options=LOCAL)
    assert not ended.failed
    assert ended.outputs["comment-id"] == ""
    assert job.github.calls == []


def test_no_comment_if_none_is_wanted(job: Job) -> None:
    assert not job.run(PULL_REQUEST, options="--run orders", comment="false").failed
    assert job.github.calls == []


def test_no_artifact_if_it_has_no_name(job: Job) -> None:
    assert not job.run(PULL_REQUEST, options="--run orders", artifact_name="").failed
    assert not job.artifacts.exists()


@pytest.mark.parametrize("readable", [True, False])
def test_where_the_token_may_not_write_the_comment_is_left_in_the_artifact(job: Job, readable: bool) -> None:
    job.github.writable, job.github.readable = False, readable
    ended = job.run(PULL_REQUEST, options="--run orders", comment_key="orders")
    assert not ended.failed
    assert "::notice title=powertune::the comment is left in the artifact: GitHub answered 403" in "".join(
        ended.logs.values()
    )
    left = json.loads((job.artifacts / "powertune-report" / "comment.json").read_text())
    assert left == {"key": "orders", "pull_request": 7, "text": "# Gate passed\n"}
    assert ended.outputs["comment-id"] == ""


def test_a_comment_that_is_required_fails_the_job_but_not_the_upload(job: Job) -> None:
    job.github.writable = False
    ended = job.run(PULL_REQUEST, options="--run orders", comment="true")
    assert ended.failed
    assert ended.outputs["outcome"] == "passed"
    assert (job.artifacts / "powertune-report" / "report.md").exists()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"comment": "yes"}, "set the input `comment` to one of auto"),
        ({"comment_key": "a -->"}, "comment key 'a -->'"),
    ],
)
def test_a_wrong_input_of_the_comment_fails_the_job(job: Job, inputs: dict[str, str], said: str) -> None:
    ended = job.run(PULL_REQUEST, options="--run orders", **inputs)
    assert ended.failed
    assert said in ended.logs["Comment on the pull request"]
    assert (job.artifacts / "powertune-report").exists()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"command": "destroy"}, "unknown command 'destroy'"),
        ({"options": "orders"}, "'orders' is not an option"),
        ({"working_directory": "../nowhere"}, "there is no folder '../nowhere'"),
        ({"command": "scan", "budgets": "avg<1ms"}, "is for the command `gate`"),
        ({"options": LOCAL}, "not a git repository"),
    ],
)
def test_a_wrong_input_is_named_and_powertune_not_called(job: Job, inputs: dict[str, str], said: str) -> None:
    ended = job.run(PULL_REQUEST, **inputs)
    assert ended.failed
    assert ended.outputs["exit-code"] == "2"
    (error,) = [line for line in ended.logs["Run powertune"].splitlines() if line.startswith("::error")]
    assert said in error
    assert job.stub.called is None


HOSTILE = (
    "$(touch evaluated)",
    "`touch evaluated`",
    "'; touch evaluated; '",
    '"; touch evaluated; "',
    "x && touch evaluated",
    "${IFS}|touch${IFS}evaluated",
    "a  b\t*",
    "--yes",
    "::set-output name=a::b",
    "EOF",
    "é 😀",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_an_input_says_is_evaluated(job: Job, text: str) -> None:
    folder = job.workspace / text
    folder.mkdir()
    ended = job.run(
        PULL_REQUEST,
        options=f"--run {text}\n-p {text}",
        budgets=text,
        target=text,
        max_regression=text,
        on_inconclusive=text,
        baseline_ref=text,
        working_directory=text,
        package=text,
    )
    assert not ended.failed
    assert job.words == [
        "gate",
        "--yes",
        f"--save={ended.outputs['report']}/results",
        f"--run={text}",
        "-p",
        text,
        f"--budget={text}",
        f"--max-regression={text}",
        f"--on-inconclusive={text}",
        f"--baseline-ref={text}",
        "--",
        text,
    ]
    assert job.stub.called is not None
    assert job.stub.called["folder"] == str(folder)
    assert list(job.folder.rglob("evaluated")) == []


def test_the_base_of_the_pull_request_is_the_baseline_of_a_local_gate(job: Job) -> None:
    git = Repository(job.workspace)
    base = git.commit("app.py", "base")
    git.commit("app.py", "change")
    event = {"pull_request": {**PULL_REQUEST["pull_request"], "base": {"sha": base, "ref": "$(touch evaluated)"}}}
    ended = job.run(event, options=LOCAL, max_regression="duration=10%")
    assert ended.outputs["baseline"] == base
    assert job.words[-3:] == ["--local=app.py:handler", "--max-regression=duration=10%", f"--baseline-ref={base}"]


@pytest.mark.parametrize(("command", "junit"), [("run", True), ("scan", False)])
def test_runs_and_scans_have_a_summary_as_well(job: Job, command: str, junit: bool) -> None:
    ended = job.told(0, md="# Report\n").run({}, command=command)
    assert ended.summary == "# Report\n"
    assert (ended.outputs["junit"] != "") is junit
    assert (job.artifacts / "powertune-report" / "report.html").exists()


def test_a_summary_that_is_too_long_is_shortened(job: Job) -> None:
    ended = job.told(0, md="| a row |\n" * 200_000).run({}, command="scan")
    assert 1_000_000 < len(ended.summary.encode()) <= 1024 * 1024
    assert ended.summary.endswith(
        "*The report was shortened here. The artifact of this workflow run holds all of it.*\n"
    )


def test_two_gates_in_one_job_have_reports_and_comments_of_their_own(job: Job) -> None:
    first = job.run(PULL_REQUEST, options="--run orders", comment_key="orders", artifact_name="orders")
    second = job.run(PULL_REQUEST, options="--run users", comment_key="users", artifact_name="users")
    assert first.outputs["report"] != second.outputs["report"]
    assert [each["body"].split("\n")[0] for each in job.github.comments[7]] == [
        "<!-- powertune-gate: orders -->",
        "<!-- powertune-gate: users -->",
    ]
    assert sorted(path.name for path in job.artifacts.iterdir()) == ["orders", "users"]


def test_if_github_does_not_take_the_comment_it_is_left(job: Job) -> None:
    job.github.answers = [422]
    ended = job.run(PULL_REQUEST, options="--run orders")
    assert not ended.failed
    assert "::warning title=powertune::the comment is left in the artifact: GitHub answered 422" in "".join(
        ended.logs.values()
    )
    assert (job.artifacts / "powertune-report" / "comment.json").exists()
