"""The scan as a command: what a person gets who gives it something wrong, or whom AWS denies something."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from forwarding_endpoint import Answered, Gate, SentRequest, denied, forwarding_endpoint, refused, refused_in_xml
from settled import settle

from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

SCAN = ("scan", "--rate", "1000")
#: A finding that needs no past: nobody creates functions with this runtime any more.
OLD = "python3.8"


@pytest.fixture
def old_function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[None]:
    client.create_function(
        FunctionName="with-old-runtime",
        Runtime=OLD,
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
    )
    settle(client, "with-old-runtime")
    yield
    client.delete_function(FunctionName="with-old-runtime")


class Through:
    """The way of a test to the embedded AWS, on which a gate may answer instead; it remembers what was sent."""

    def __init__(self) -> None:
        self.gate: Gate = lambda _: None
        self.sent: list[SentRequest] = []

    def __call__(self, sent: SentRequest) -> Answered | None:
        self.sent.append(sent)
        return self.gate(sent)

    @property
    def inventories(self) -> list[str]:
        """The regions whose functions were listed, one for each call."""
        return [sent.region for sent in self.sent if is_inventory(sent)]


@pytest.fixture
def through(aws_environment: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """All calls go through here."""
    through = Through()
    with forwarding_endpoint(aws_environment.endpoint_url, through) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield through


def is_inventory(sent: SentRequest) -> bool:
    return sent.service == "lambda" and sent.path == "/2015-03-31/functions?FunctionVersion=ALL"


def denying(*regions: str) -> Gate:
    """A gate that lets nobody list the functions of these regions."""
    return lambda sent: denied("lambda:ListFunctions") if is_inventory(sent) and sent.region in regions else None


def findings(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["rule"], each["name"]) for each in document["findings"]]


def test_where_nothing_can_be_read_the_missing_action_is_named(
    through: Through, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    through.gate = denying("us-east-1", "eu-west-1")
    assert run_app([*SCAN, "--regions", "us-east-1,eu-west-1", "--quiet"]) == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert err == (
        "error: 123456789012 us-east-1: not allowed to call lambda:ListFunctions: User: "
        "arn:aws:iam::123456789012:user/reader is not authorized to perform: lambda:ListFunctions, and 1 more place "
        "could not be read either\n"
        "hint: `powertune iam scan` prints the policy that a scan needs\n"
    )
    assert [path.name for path in (tmp_path / "powertune-scans").iterdir()] == [".gitignore"]


def test_a_region_that_is_denied_takes_nothing_else_with_it(
    old_function: None, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    through.gate = denying("eu-west-1")
    assert run_app([*SCAN, "--regions", "us-east-1,eu-west-1", "--format", "json"]) == 0
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert findings(document) == [("runtime-deprecated", "with-old-runtime")]
    gaps = [(each["place"]["region"], each["what"], each["action"]) for each in document["gaps"]]
    # The account has not opted in to Compute Optimizer either.
    assert sorted(gaps) == [("eu-west-1", "", "lambda:ListFunctions"), ("us-east-1", "memory", "")]
    assert "123456789012 eu-west-1: not scanned: not allowed to call lambda:ListFunctions" in err


def test_a_check_that_is_denied_takes_no_other_with_it(
    old_function: None, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    through.gate = lambda sent: denied("cloudwatch:GetMetricData") if sent.service == "monitoring" else None
    assert run_app([*SCAN, "--format", "json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert findings(document) == [("runtime-deprecated", "with-old-runtime")]
    actions = {(each["what"], each["action"]) for each in document["gaps"]}
    assert ("usage", "cloudwatch:GetMetricData") in actions


def test_credentials_that_end_in_the_middle_leave_what_was_read(
    old_function: None, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    expired = refused("ExpiredTokenException", "The security token included in the request is expired", status=403)
    through.gate = lambda sent: expired if sent.service == "lambda" and sent.region != "us-east-1" else None
    regions = ("--regions", "us-east-1,eu-west-1,ap-south-1")
    assert run_app([*SCAN, *regions, "--parallel", "1", "--format", "json", "--quiet"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert findings(document) == [("runtime-deprecated", "with-old-runtime")]
    whole = [(each["place"]["region"], each["reason"]) for each in document["gaps"] if not each["what"]]
    reason = "AWS does not accept the credentials: The security token included in the request is expired"
    assert whole == [("eu-west-1", reason), ("ap-south-1", reason)]


def test_an_account_that_lets_nobody_in_takes_no_other_with_it(
    old_function: None, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("accounts.yml").write_text(
        "accounts:\n"
        '  - {account_id: "222222222222", name: locked, role: "arn:aws:iam::222222222222:role/nobody"}\n'
        '  - {account_id: "123456789012", name: own}\n'
    )
    message = "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: sts:AssumeRole"
    through.gate = lambda sent: (
        refused_in_xml("AccessDenied", message, status=403) if b"Action=AssumeRole" in sent.body else None
    )
    assert run_app([*SCAN, "--accounts", "accounts.yml", "--format", "json"]) == 0
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert findings(document) == [("runtime-deprecated", "with-old-runtime")]
    ((place, action),) = [(each["place"], each["action"]) for each in document["gaps"] if not each["what"]]
    assert (place["account_name"], action) == ("locked", "sts:AssumeRole")
    assert "locked (222222222222) us-east-1: not scanned: " in err


@pytest.mark.long
def test_throttling_throughout_only_takes_time(
    old_function: None, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each call is throttled once, whatever it is."""
    throttled, seen = refused("ThrottlingException", "Rate exceeded", status=400), set[tuple[str, str, bytes]]()

    def first_time(sent: SentRequest) -> Answered | None:
        key = (sent.service, sent.path, sent.body)
        if sent.service == "sts" or key in seen:
            return None
        seen.add(key)
        return throttled

    through.gate = first_time
    assert run_app([*SCAN, "--format", "json", "--quiet"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert findings(document) == [("runtime-deprecated", "with-old-runtime")]
    # The account has not opted in to Compute Optimizer, which is what the second answer says.
    assert [each["what"] for each in document["gaps"]] == ["memory"]
    calls = dict(document["effort"]["calls"])
    assert calls["lambda.list_functions"] == 2
    assert len(seen) >= 4


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            ["--regions", "us-esat-1"],
            2,
            "error: --regions: 'us-esat-1' is not a region of AWS\n"
            "hint: did you mean us-west-1? for example us-east-1, or all\n",
        ),
        (["--accounts", "nowhere.yml"], 2, "error: no accounts file 'nowhere.yml'\nhint: check the path\n"),
        (
            ["--from", "empty"],
            5,
            "error: there is no scan in empty\nhint: `powertune scan --scans` keeps scans in a place\n",
        ),
        (
            ["--from", "nowhere.json"],
            2,
            "error: no scan 'nowhere.json'\nhint: name a file or folder of `powertune scan`\n",
        ),
        (
            ["--from", "empty", "--regions", "all"],
            2,
            "error: --from shows a scan that was made before: --regions cannot apply\nhint: leave it out\n",
        ),
        (
            ["--then-run", "3"],
            2,
            "error: no terminal to ask on before functions are measured\n"
            "hint: add --yes to measure without being asked\n",
        ),
        (
            ["--then-run", "3", "--dry-run"],
            2,
            "error: --dry-run makes no scan that functions could be chosen from\nhint: leave --then-run out\n",
        ),
        (
            ["--organization", "--accounts", "nowhere.yml"],
            2,
            "error: scan either --organization or --accounts\nhint: leave one of them out\n",
        ),
        (
            ["--role", "arn:aws:iam::123456789012:role/x", "--organization"],
            2,
            "error: --role 'arn:aws:iam::123456789012:role/x' is a role of one account\n"
            "hint: give its name, which is the same in all accounts\n",
        ),
        (
            ["--role", "x"],
            2,
            "error: --role, --external-id and --session-tag are about other accounts\n"
            "hint: add --organization, or --accounts FILE\n",
        ),
    ],
    ids=[
        "region",
        "accounts",
        "no scans",
        "no file",
        "from and regions",
        "no terminal",
        "dry run",
        "both",
        "role ARN",
        "role",
    ],
)
def test_what_is_wrong_is_said_before_aws_is_asked(
    options: list[str], code: int, message: str, through: Through, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert run_app(["scan", *options]) == code
    assert capfd.readouterr() == ("", message)
    assert through.sent == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scans", "notes.json"], "error: 'notes.json' is not a folder\nhint: choose another with --scans\n"),
        (
            ["--scans", "/proc/scans"],
            "error: cannot make the folder '/proc/scans': No such file or directory\n"
            "hint: choose another with --scans\n",
        ),
        (
            ["--resume", "empty"],
            "error: there is no interrupted scan in 'empty' to resume\nhint: name the folder that was printed\n",
        ),
        (
            ["--organization"],
            "error: there is no account to scan\nhint: leave out --organization to scan your own\n",
        ),
    ],
    ids=["a file", "unwritable", "nothing to resume", "nobody"],
)
def test_what_is_wrong_is_said_before_functions_are_listed(
    options: list[str], message: str, through: Through, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.json").write_text("{}")
    assert run_app([*SCAN, *options]) == 2
    assert capfd.readouterr() == ("", message)
    assert through.inventories == []


def test_a_damaged_scan_of_before_is_left_out(old_function: None, capfd: pytest.CaptureFixture[str]) -> None:
    scans = Path("powertune-scans")
    scans.mkdir()
    (scans / "scan-20260101T000000Z.json").write_text('{"schema": ')
    assert run_app([*SCAN, "--format", "json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["since_last_scan"] is None
    assert "warning: powertune-scans/scan-20260101T000000Z.json was left out: " in err

    assert run_app(["scan", "--from", "powertune-scans", "--format", "json"]) == 0
    out, err = capfd.readouterr()
    assert findings(json.loads(out)) == [("runtime-deprecated", "with-old-runtime")]
    assert "warning: powertune-scans/scan-20260101T000000Z.json was left out: " in err


def test_a_condition_that_is_met_fails_the_command_after_the_reports_are_written(
    old_function: None, capfd: pytest.CaptureFixture[str]
) -> None:
    outputs = ("-o", "scan.json", "-o", "scan.html", "-o", "scan.csv")
    assert run_app([*SCAN, "--quiet", "--fail-on", "runtime-deprecated:low", *outputs]) == 10
    err = capfd.readouterr().err
    assert err == (
        "error: 1 finding of runtime-deprecated with severity low or above\nhint: --fail-on asks for this exit code\n"
    )
    assert findings(json.loads(Path("scan.json").read_text())) == [("runtime-deprecated", "with-old-runtime")]
    assert "with-old-runtime" in Path("scan.html").read_text()
    assert "with-old-runtime" in Path("scan.csv").read_text()

    kept = ["scan", "--from", "powertune-scans", "--quiet", "--format", "json"]
    assert run_app([*kept, "--fail-on", "*:info"]) == 10
    assert run_app([*kept, "--fail-on", "savings>0usd/month"]) == 0


def test_a_condition_in_a_currency_that_the_scan_does_not_have_is_refused(
    old_function: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app([*SCAN, "--quiet", "--format", "json", "--fail-on", "savings>1eur/month"]) == 2
    assert "error: --fail-on names EUR, and the scan has amounts in USD\nhint: write USD\n" in capfd.readouterr().err


def test_a_scan_in_a_bucket_is_shown_by_its_address_and_by_its_prefix(
    old_function: None, aws_environment: EmbeddedAWS, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(boto3.Session().client("s3")) as s3:
        s3.create_bucket(Bucket="scans-of-a-test")
    assert run_app([*SCAN, "--scans", "s3://scans-of-a-test/weekly", "--format", "json"]) == 0
    out, err = capfd.readouterr()
    address = next(line.removeprefix("kept ") for line in err.splitlines() if line.startswith("kept "))
    for place in (address, "s3://scans-of-a-test/weekly"):
        assert run_app(["scan", "--from", place, "--quiet", "--format", "json"]) == 0
        assert capfd.readouterr().out == out
    assert through.inventories == ["us-east-1"]
    assert not Path("powertune-scans").exists()


def test_a_suppression_hides_a_finding_until_it_expires(
    old_function: None, capfd: pytest.CaptureFixture[str]
) -> None:
    table = '[[scan.suppress]]\nrule = "runtime-deprecated"\nfunction = "with-old-*"\nreason = "goes away"\n'
    Path("powertune.toml").write_text(table)
    assert run_app([*SCAN, "--quiet", "--format", "json", "--fail-on", "*:info"]) == 0
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert (findings(document), err) == ([], "")
    assert [(each["finding"]["name"], each["reason"]) for each in document["suppressed"]] == [
        ("with-old-runtime", "goes away")
    ]

    Path("powertune.toml").write_text(table + table.replace("with-old-", "misspelled-"))
    assert run_app([*SCAN, "--quiet", "--format", "json"]) == 0
    said = capfd.readouterr().err
    assert said == "note: the suppression of runtime-deprecated for misspelled-* hides nothing\n"

    Path("powertune.toml").write_text(f"{table}until = 2026-01-31\n")
    assert run_app([*SCAN, "--quiet", "--format", "json", "--fail-on", "*:info"]) == 10
    out, err = capfd.readouterr()
    assert findings(json.loads(out)) == [("runtime-deprecated", "with-old-runtime")]
    assert err.startswith(
        "note: the suppression of runtime-deprecated for with-old-* expired on 2026-01-31: goes away\n"
    )


def test_a_scan_that_cannot_be_kept_is_not_read_again(
    old_function: None, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    def no_writing(sent: SentRequest) -> Answered | None:
        return denied("s3:PutObject") if sent.method == "PUT" and "scans-that-cannot-be-kept" in sent.path else None

    with contextlib.closing(boto3.Session().client("s3")) as s3:
        s3.create_bucket(Bucket="scans-that-cannot-be-kept")
    through.gate = no_writing
    assert run_app([*SCAN, "--scans", "s3://scans-that-cannot-be-kept/scans", "--quiet"]) == 4
    out, err = capfd.readouterr()
    assert "its runtime python3.8 is deprecated" in out
    assert through.inventories == ["us-east-1"]
    folder = resume_folder(r"what was read is in (\S+): with --resume", err)

    assert run_app([*SCAN, "--resume", folder, "--quiet", "--format", "json"]) == 0
    assert findings(json.loads(capfd.readouterr().out)) == [("runtime-deprecated", "with-old-runtime")]
    assert through.inventories == ["us-east-1"]
    assert not Path(folder).exists()


def test_a_bucket_that_is_not_there_is_found_out_before_functions_are_listed(
    through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app([*SCAN, "--scans", "s3://there-is-no-such-bucket/scans", "--quiet"]) == 5
    assert through.inventories == []


def test_resuming_removes_nothing_of_somebody_else(through: Through) -> None:
    theirs = Path("theirs/places/notes.json")
    theirs.parent.mkdir(parents=True)
    theirs.write_text("{}")
    assert run_app([*SCAN, "--resume", "theirs", "--quiet", "--format", "json"]) == 0
    assert [str(path) for path in Path("theirs").rglob("*") if path.is_file()] == [str(theirs)]


@pytest.mark.long
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_ctrl_c_keeps_what_was_read(
    times: int, old_function: None, through: Through, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the middle of the second of three regions: it is finished after the first Ctrl-C, and no third is begun."""
    options = [*SCAN, "--regions", "us-east-1,eu-west-1,ap-south-1", "--format", "json"]
    in_the_middle, go_on = threading.Event(), threading.Event()

    def hold(sent: SentRequest) -> None:
        if is_inventory(sent) and sent.region == "eu-west-1":
            in_the_middle.set()
            go_on.wait(60)

    through.gate = hold
    command = [sys.executable, "-m", "powertune", *options, "--parallel", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert in_the_middle.wait(60)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            # Nothing tells from outside that the signal has arrived; the process waits for the answer meanwhile.
            time.sleep(1)
        go_on.set()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    folder = resume_folder(r"to go on, run the same command with --resume (\S+)", err)
    assert times == 2 or "error: interrupted; 2 of 3 places were read\n" in err
    assert through.inventories == ["us-east-1", "eu-west-1"]

    through.gate = lambda _: None
    assert run_app([*options, "--resume", folder]) == 0
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert findings(document) == [("runtime-deprecated", "with-old-runtime")]
    assert [each["place"]["region"] for each in document["places"]] == ["us-east-1", "eu-west-1", "ap-south-1"]
    # Whether the second one was finished after a second Ctrl-C is up to chance.
    asked_again = [region for region in through.inventories[2:] if times == 1 or region != "eu-west-1"]
    assert asked_again == ["ap-south-1"]
    assert "123456789012 us-east-1: 1 function, 1 gap (kept)\n" in err
    assert not Path(folder).exists()


def resume_folder(pattern: str, err: str) -> str:
    found = re.search(pattern, err)
    assert found is not None, err
    return found[1]
