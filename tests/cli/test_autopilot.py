"""The autopilot on the embedded AWS, with a real git repository and a `gh` that records: from a scan to a verdict."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from client_monitor import Monitor, client_monitor
from fake_gh import FakeGh
from git_clones import GitClone
from planted_account import ACCOUNT, DAY_S, REGION, PlantedAccount, PlantedFunction
from settled import settle

from powertune import results
from powertune.autopilot.pull_request import branch_of
from powertune.autopilot.spending import parse_spending
from powertune.aws.autopilot_policy import autopilot_policy
from powertune.aws.iam_policy import Grant
from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings, own_architecture

pytestmark = pytest.mark.long

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  # Resizes pictures
  Roomy:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: roomy
      Runtime: python3.13
      Handler: app.handler
      CodeUri: src/
      MemorySize: 1024  # nobody knows why
  Fitting:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: fitting
      Runtime: python3.13
      Handler: app.handler
      CodeUri: src/
      MemorySize: 512
"""
#: Two sizes, a few invocations: what a search would find out in minutes.
CONFIGURATION = """\
[run]
memory = [128, 1024]
invocations = 12
environments = 3
strategy = "cost"
rate = 100

[autopilot]
labels = ["powertune", "costs"]
payloads = { "roomy" = "@event.json" }
"""
#: It takes as long at any size.
WAITS = "import time\n\ndef handler(event, context):\n    time.sleep(event['seconds'])\n"
#: It takes twenty times as long at a small size.
NEEDS_MEMORY = (
    "import os, time\n\ndef handler(event, context):\n"
    "    small = int(os.environ['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']) < 1024\n"
    "    time.sleep(event['seconds'] * (20 if small else 1))\n"
)
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:roomy"
BRANCH = branch_of(ARN)


def package(code: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), code)
    return data.getvalue()


class Shop:
    """An account with two functions, the repository of their template, and the autopilot that looks after them."""

    def __init__(self, aws: EmbeddedAWS, folder: Path) -> None:
        self.aws, self.folder = aws, folder
        self.clone = GitClone.make(folder, {"template.yaml": TEMPLATE, "README.md": "# Shop\n"})
        self.gh = FakeGh.install(folder / "bin")
        self.state = folder / "state"
        self._account = PlantedAccount(aws)
        self.midnight = int(time.time()) // DAY_S * DAY_S
        own = own_architecture().value
        self._account.plant(
            [
                PlantedFunction(
                    name="roomy", memory_mb=1024, architecture=own, optimizer_mb=60, durations=((25.0, 100_000),)
                ),
                PlantedFunction(name="fitting", durations=((25.0, 100_000),)),
            ]
        )
        self.deploy(WAITS, days_ago=200)

    def deploy(self, code: str, *, days_ago: float) -> None:
        """Other code of the large function, as if it had been deployed then."""
        with contextlib.closing(boto3.Session().client("lambda")) as client:
            client.update_function_code(FunctionName="roomy", ZipFile=package(code))
            settle(client, "roomy")
        self._changed(days_ago)

    def resize(self, memory_mb: int, *, days_ago: float) -> None:
        """Deploy the size of the template, as if that had been then."""
        with contextlib.closing(boto3.Session().client("lambda")) as client:
            client.update_function_configuration(FunctionName="roomy", MemorySize=memory_mb)
            settle(client, "roomy")
        self._changed(days_ago)

    def age_the_run(self, days: float) -> None:
        """Let the newest run, and what was kept of it, be from some days ago."""
        for path in (self.state / "results").glob("*.json"):
            run, ago = results.load(path), days * DAY_S
            results.save(replace(run, started_at=run.started_at - ago, finished_at=run.finished_at - ago), path)

    def fly(self, capfd: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
        """Run the command; returns its exit code, and what it printed to stdout and to stderr."""
        capfd.readouterr()
        code = run_app(
            [
                *("autopilot", "--functions", "*", "--repository", str(self.clone.work), "--state", str(self.state)),
                *("--yes", "--quiet", *options),
            ]
        )
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    @property
    def configuration(self) -> Any:
        """The large function as it is."""
        with contextlib.closing(boto3.Session().client("lambda")) as client:
            return client.get_function_configuration(FunctionName="roomy")

    def _changed(self, days_ago: float) -> None:
        at = self.midnight - days_ago * DAY_S
        self.aws.plant({"account": ACCOUNT, "region": REGION, "functions": {"roomy": at}})


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """An embedded AWS of its own, as a scan finds what other tests leave behind; `gh` is the first on PATH."""
    with EmbeddedAWS(Settings(tell_disturbed=False)) as aws:
        for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTUNE_", "GIT_", "GH_"))]:
            monkeypatch.delenv(name)
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        here = tmp_path / "here"
        here.mkdir()
        monkeypatch.chdir(here)
        (here / "powertune.toml").write_text(CONFIGURATION)
        (here / "event.json").write_text('{"seconds": 0.02}')
        yield Shop(aws, tmp_path)


def test_from_a_scan_to_a_verdict(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    # What it would do.
    code, out, err = shop.fly(capfd, "--dry-run")
    assert code == 0, err
    assert "nothing is due" not in err
    assert "due: roomy in us-east-1: never tuned, $" in err
    assert "fitting" not in err
    assert out == "spent $0.00 of $5.00 this month\n"
    assert shop.gh.pull_requests == []

    # One pull request, for the function that has too much memory.
    before = shop.clone.snapshot()
    code, out, err = shop.fly(capfd)
    assert code == 0, err
    first, spent = out.splitlines()
    assert first.startswith("roomy in us-east-1: open https://github.com/acme/shop/pull/1: run ")
    assert spent.startswith("spent $0.00")
    assert spent != "spent $0.00 of $5.00 this month"
    (request,) = shop.gh.pull_requests
    assert (request["headRefName"], request["baseRefName"], request["state"]) == (BRANCH, "main", "OPEN")
    assert request["title"].startswith("Set roomy to 128 MB, which saves about $")
    assert [each["name"] for each in request["labels"]] == ["powertune", "costs"]
    assert "**Expected saving: $" in request["body"]
    assert "?raw=true)" in request["body"]
    assert f"<!-- powertune-autopilot: {ARN} -->" in request["body"]
    assert "--memory-size 1024" in request["body"]
    # Only that value has changed, and nothing of the person's clone, nor of the function.
    changed = shop.clone.at_origin("show", f"{BRANCH}:template.yaml")
    assert changed == TEMPLATE.replace("MemorySize: 1024  # nobody", "MemorySize: 128  # nobody").strip()
    assert shop.clone.at_origin("diff", "--name-only", "main", BRANCH) == "template.yaml"
    assert shop.clone.snapshot() == before
    assert shop.configuration["MemorySize"] == 1024
    kept = [parse_spending(path.read_bytes()) for path in (shop.state / "spending").glob("*.json")]
    (tuned,) = [each for each in kept if each.function_arn]
    assert tuned.proposed
    assert tuned.spent is not None
    assert 0 < tuned.spent <= tuned.reserved
    assert tuned.production_p50_ms == pytest.approx(25.0)

    # The second run leaves it as it is, and measures nothing.
    code, out, _ = shop.fly(capfd)
    assert (code, out.splitlines()[0]) == (
        0,
        "roomy in us-east-1: leave https://github.com/acme/shop/pull/1: #1 is up to date",
    )
    assert len(shop.gh.pull_requests) == 1
    assert len(list((shop.state / "results").glob("*.json"))) == 1

    # Somebody merges and deploys it, and a week goes by.
    shop.gh.change(1, state="MERGED", mergedAt=moment(shop.midnight - 7 * DAY_S + 3_600))
    shop.resize(128, days_ago=6.9)
    code, out, err = shop.fly(capfd)
    assert code == 0, err
    verdict, *figures, _ = out.splitlines()
    assert verdict.startswith("roomy in us-east-1: verify https://github.com/acme/shop/pull/1: the saving came true")
    assert figures[0] == "  compared: 10 days before the change, and 6 days after it"
    assert figures[1].startswith("  cost of an invocation: 0.")
    (comment,) = shop.gh.pull_requests[0]["comments"]
    assert comment.startswith("**The saving came true**")
    code, out, _ = shop.fly(capfd)
    assert out.splitlines()[0].endswith("leave https://github.com/acme/shop/pull/1: the saving of #1 came true")
    assert len(shop.gh.pull_requests[0]["comments"]) == 1


def test_it_is_closed_when_the_code_has_changed_and_the_evidence_no_longer_holds(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    code, _, err = shop.fly(capfd)
    assert code == 0, err
    assert shop.gh.pull_requests[0]["state"] == "OPEN"

    # The code changes. It is too early to measure again: that is said, once.
    shop.deploy(NEEDS_MEMORY, days_ago=0)
    for _ in range(2):
        code, out, _ = shop.fly(capfd)
        assert code == 0
        assert "note https://github.com/acme/shop/pull/1: its code has changed since run" in out
    assert len(shop.gh.pull_requests[0]["comments"]) == 1

    # Some days later it is measured again: the small size does not save anything any more.
    shop.age_the_run(10)
    code, out, err = shop.fly(capfd)
    assert code == 0, err
    assert out.splitlines()[0].startswith(
        "roomy in us-east-1: close https://github.com/acme/shop/pull/1: the last run recommends to stay at 1024 MB"
    )
    (request,) = shop.gh.pull_requests
    assert request["state"] == "CLOSED"
    assert request["comments"][1].startswith("Closed, because there is nothing to propose any more")
    assert shop.clone.at_origin("branch", "--list", BRANCH) == ""
    assert len(list((shop.state / "results").glob("*.json"))) == 2


def test_a_budget_that_is_spent_ends_the_measuring(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    """That is no failure: the next month has a budget of its own."""
    code, out, err = shop.fly(capfd, "--monthly-budget", "0.000001usd")
    assert code == 0
    assert "roomy was not tuned: it may cost $" in err
    assert shop.gh.pull_requests == []
    assert not list((shop.state / "results").glob("*.json"))
    assert out.splitlines()[-1].endswith("this month")


def test_what_has_a_tag_or_is_ignored_is_left_alone(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = shop.fly(capfd, "--ignore", "ro*")
    assert (code, "roomy" in out + err) == (0, False)
    with contextlib.closing(boto3.Session().client("lambda")) as client:
        client.tag_resource(Resource=ARN, Tags={"powertune-ignore": ""})
    code, out, err = shop.fly(capfd)
    assert code == 0
    assert "roomy was left alone: it has the tag powertune-ignore" in err
    assert shop.gh.pull_requests == []


def test_what_is_not_due_and_not_there_is_said(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(boto3.Session().client("lambda", region_name="eu-west-1")) as client:
        client.create_function(
            FunctionName="elsewhere",
            Runtime="python3.13",
            Role=shop.aws.role_arn,
            Handler="app.handler",
            Code={"ZipFile": package(WAITS)},
        )
    words = ["autopilot", "--repository", str(shop.clone.work), "--state", str(shop.state), "--yes"]
    assert run_app([*words, "--functions", "fitting,nosuch", "--regions", "us-east-1,eu-west-1"]) == 0
    said = capfd.readouterr().err
    assert "\nnot read: 123456789012 eu-west-1: memory use is unknown: Compute Optimizer is not enabled" in said
    assert "warning: --functions 'nosuch' matches no function that the scan has found\n" in said
    assert "not due: fitting in us-east-1: never tuned, but the scan expects no saving\n" in said
    assert said.endswith("nothing is due\n")
    assert run_app([*words, "--functions", "nosuch"]) == 5
    assert "error: --functions 'nosuch' matches no function" in capfd.readouterr().err


def test_without_a_forge_proposals_are_folders(shop: Shop, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    output = tmp_path / "proposals"
    code, out, err = shop.fly(capfd, "--output", str(output))
    assert code == 0, err
    folder = output / BRANCH.removeprefix("powertune/")
    assert out.splitlines()[0].startswith(f"roomy in us-east-1: open {folder / 'proposal.md'}: run ")
    assert shop.gh.calls == []
    (folder / "change.patch").read_text()
    shop.clone.git("apply", "--check", str(folder / "change.patch"))
    assert json.loads((folder / "state.json").read_text())["standing"] == "proposed"
    assert (folder / "report.png").read_bytes().startswith(b"\x89PNG")

    # Whoever applies it needs no forge: the function itself tells that it was.
    shop.resize(128, days_ago=6.9)
    code, out, err = shop.fly(capfd, "--output", str(output))
    assert code == 0, err
    assert "the saving came true" in out
    assert "**The saving came true**" in (folder / "notes.md").read_text()
    code, out, _ = shop.fly(capfd, "--output", str(output))
    assert out.splitlines()[0].endswith(f"the saving of {folder.name} came true")


def test_a_forge_that_fails_costs_nothing_twice(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    # Nobody is signed in: that is found out before anything is spent.
    shop.gh.fail_next("pr list", "To get started with GitHub CLI, please run: gh auth login", 4)
    code, out, err = shop.fly(capfd)
    assert (code, out, shop.state.exists()) == (4, "", False)
    assert "gh pr: To get started with GitHub CLI" in err

    # It refuses the pull request: what was measured is kept.
    shop.gh.fail_next("pr create", "GraphQL: GitHub Actions is not permitted to create or approve pull requests")
    code, out, err = shop.fly(capfd)
    assert code == 2
    assert "roomy in us-east-1: open: failed: gh pr: GraphQL: GitHub Actions is not permitted" in out
    assert "error: gh pr: GraphQL: GitHub Actions is not permitted" in err
    measured = sorted((shop.state / "results").glob("*.json"))
    assert len(measured) == 1

    # The next run proposes it, and measures nothing.
    code, out, _ = shop.fly(capfd)
    assert code == 0
    assert out.startswith("roomy in us-east-1: open https://github.com/acme/shop/pull/1: ")
    assert sorted((shop.state / "results").glob("*.json")) == measured


def test_an_interrupted_run_is_restored_and_counts(shop: Shop) -> None:
    """SIGTERM, as a CI system sends it, while the function is measured."""
    (Path("event.json")).write_text('{"seconds": 1.0}')
    words = ["autopilot", "--functions", "*", "--repository", str(shop.clone.work), "--state", str(shop.state)]
    command = [sys.executable, "-m", "powertune", *words, "--yes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: any((shop.state / "results").glob("*.json")), process)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert "roomy is restored" in err
    assert shop.configuration["MemorySize"] == 1024
    with contextlib.closing(boto3.Session().client("lambda")) as client:
        assert client.list_aliases(FunctionName="roomy")["Aliases"] == []
    kept = [parse_spending(path.read_bytes()) for path in (shop.state / "spending").glob("*.json")]
    (tuned,) = [each for each in kept if each.function_arn]
    assert tuned.spent is not None
    assert tuned.results
    assert out == ""
    assert shop.gh.pull_requests == []


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait until a process has done something; it has to be alive."""
    while not condition():
        assert process.poll() is None
        time.sleep(0.05)


def test_the_printed_policy_allows_what_is_called_and_a_bucket_keeps_the_state(shop: Shop) -> None:
    with contextlib.closing(boto3.Session().client("s3")) as s3:
        s3.create_bucket(Bucket="kept")
        called: set[str] = set()
        for _ in range(2):
            with client_monitor() as monitor:
                out = in_a_process(monitor, "--output", "proposals", "--repository", str(shop.clone.work))
                called |= set(monitor.calls())
            # The second machine knows from the bucket what the first one has measured.
            assert "roomy in us-east-1: " in out
        keys = sorted(item["Key"] for item in s3.list_objects_v2(Bucket="kept")["Contents"])
    assert "up to date" in out
    assert [key.split("/")[:2] for key in keys] == [["autopilot", "results"], *[["autopilot", "spending"]] * 3]
    document = autopilot_policy(None, Grant(), "s3://kept/autopilot")
    allowed = {action for each in document["Statement"] for action in each["Action"]}
    # The SDK calls them as the API does, and AWS tells everybody who they are.
    names = {RENAMED.get(name, name) for name in called} - {"sts:GetCallerIdentity"}
    assert names <= allowed, names - allowed
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "lambda:ListTags"} <= names


#: What the API calls differently than IAM does.
RENAMED = {
    "S3:GetObject": "s3:GetObject",
    "S3:PutObject": "s3:PutObject",
    "S3:ListObjectsV2": "s3:ListBucket",
    "lambda:Invoke": "lambda:InvokeFunction",
}


def in_a_process(monitor: Monitor, *options: str) -> str:
    """Run the command in a process of its own, which tells the monitor what it calls; returns what it prints."""
    words = ["autopilot", "--functions", "*", "--state", "s3://kept/autopilot", "--yes", "--quiet", *options]
    environment = {**os.environ, **monitor.environment}
    command = [sys.executable, "-m", "powertune", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def moment(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
