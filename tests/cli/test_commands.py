"""The small commands, and what holds for all of them."""

import http.server
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from fake_pricing import FakePricing, products_of
from settled import settle

from powertune import __version__
from powertune.cli.app import run_app
from powertune.cli.commands.local import Latency
from powertune.errors import Bug, ExitCode
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.local.settings import LATENCIES
from powertune.prices import PriceTable

REPOSITORY = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "powertune", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_imports_nothing_heavy(option: str) -> None:
    code = (
        "import sys\nfrom powertune.cli.app import run_app\n"
        f"code = run_app([{option!r}])\n"
        "heavy = {'boto3', 'botocore', 'moto', 'pandas', 'matplotlib', 'numpy', 'jinja2', 'rich'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(code or (str(heavy) if heavy else 0))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_version_and_no_arguments() -> None:
    assert run("--version").stdout == f"powertune {__version__}\n"
    assert "Usage: " in run().stdout + run().stderr
    assert run("nonsense").returncode == 2


def test_shell_completion_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    # The shell that is named, not the one that these tests may or may not have been started by.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    done = run("--show-completion", "bash")
    assert done.returncode == 0
    assert "_POWERTUNE_COMPLETE" in done.stdout or "powertune" in done.stdout


def test_prices_are_shown_for_all_regions_and_for_one(
    capfd: pytest.CaptureFixture[str], aws_environment: EmbeddedAWS, tmp_path: Path
) -> None:
    assert run_app(["prices"]) == 0
    table = capfd.readouterr().out
    assert re.search(r"us-east-1 +USD +16\.6667 +13\.3334 +0\.20", table)
    assert re.search(r"cn-north-1 +CNY", table)
    assert run_app(["prices", "--region", "eu-south-1", "--format", "json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert list(document["regions"]) == ["eu-south-1"]
    file = tmp_path / "prices.json"
    assert run_app(["prices", "--region", "eu-south-1", "--output", str(file)]) == 0
    assert json.loads(file.read_bytes()) == document
    assert run_app(["prices", "--region", "mars-1"]) == 2
    assert run_app(["prices", "buy"]) == 2
    assert run_app(["prices", "--prices", "nowhere.json"]) == 2


def test_prices_in_the_cache_are_used(
    capfd: pytest.CaptureFixture[str], aws_environment: EmbeddedAWS, tmp_path: Path
) -> None:
    assert run_app(["prices", "--region", "us-east-1", "--format", "json"]) == 0
    mine = capfd.readouterr().out.replace("0.0000166667", "0.0000999999")
    cache = tmp_path / "cache" / "powertune" / "prices.json"
    cache.parent.mkdir(parents=True)
    cache.write_text(mine)
    assert run_app(["prices", "--region", "us-east-1"]) == 0
    assert "99.9999" in capfd.readouterr().out
    assert run_app(["prices", "--region", "eu-west-1"]) == 0


@pytest.fixture
def price_list(monkeypatch: pytest.MonkeyPatch, aws_environment: EmbeddedAWS) -> Iterator[dict[str, Any]]:
    """A Price List API on this machine, where AWS's own variable leads any client; the answers can be changed."""
    products = {prices.region: products_of(prices) for prices in PriceTable.bundled().regions}
    pages = FakePricing(products, page=50)
    behaviour: dict[str, Any] = {"status": 200, "products": products}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(pages.get_products(**request) if behaviour["status"] == 200 else behaviour["error"])
            self.send_response(behaviour["status"])
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield behaviour
        server.shutdown()
        thread.join()


def test_prices_are_refreshed_into_the_cache(
    price_list: dict[str, Any], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cache = tmp_path / "cache" / "powertune" / "prices.json"
    assert run_app(["prices", "refresh", "--region", "eu-west-1"]) == 0
    assert str(cache) in capfd.readouterr().err
    assert [prices.region for prices in PriceTable.load(cache).regions] == ["eu-west-1"]
    assert run_app(["prices", "refresh"]) == 0
    refreshed = {prices.region: prices for prices in PriceTable.load(cache).regions}
    bundled = {p.region: p for p in PriceTable.bundled().regions if not p.region.startswith("cn-")}
    # Lambda's price list does not hold what other services cost; the bundled table adds it when it is read.
    assert refreshed == {
        name: replace(prices, state_transition=None, observability=None) for name, prices in bundled.items()
    }


def test_prices_that_cannot_be_refreshed_leave_the_cache_alone(
    price_list: dict[str, Any], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run_app(["prices", "refresh", "--region", "mars-1"]) == 2
    price_list |= {"status": 400, "error": {"__type": "AccessDeniedException", "Message": "no"}}
    assert run_app(["prices", "refresh"]) == 4
    assert "pricing:GetProducts" in capfd.readouterr().err
    assert not (tmp_path / "cache" / "powertune").exists()
    price_list["status"] = 200
    (tmp_path / "cache").write_text("in the way")
    assert run_app(["prices", "refresh", "--region", "eu-west-1"]) == 2
    assert "cannot write" in capfd.readouterr().err


def test_iam_prints_a_policy(capfd: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:fn"
    assert run_app(["iam", "run", "--function", arn, "--payload", "s3://b/k", "--pre-processor", "pre"]) == 0
    document = json.loads(capfd.readouterr().out)
    resources = [statement["Resource"] for statement in document["Statement"]]
    assert [arn, f"{arn}:*"] in resources
    assert "arn:aws:s3:::b/k" in resources
    assert run_app(["iam", "run", "--payload", "@event.json"]) == 2
    assert run_app(["iam", "run", "--function", "fn"]) == 0
    printed = capfd.readouterr()
    assert "arn:aws:lambda:REGION:ACCOUNT_ID:function:fn" in printed.out
    assert "replace REGION and ACCOUNT_ID" in printed.err
    assert run_app(["iam", "report"]) == 2
    assert "makes calls to AWS" in capfd.readouterr().err


def test_iam_prints_what_a_gate_needs_and_nothing_that_changes_a_function(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["iam", "gate", "--function", "fn", "--baselines", "s3://ci/baselines/"]) == 0
    *statements, listing, keeping = json.loads(capfd.readouterr().out)["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert "lambda:InvokeFunction" in actions
    assert not [action for action in actions if re.search(r":(Create|Update|Delete|Publish|Put|Add|Remove)", action)]
    assert (listing["Action"], listing["Resource"]) == (["s3:ListBucket"], "arn:aws:s3:::ci")
    assert keeping["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert keeping["Resource"] == "arn:aws:s3:::ci/baselines/*"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--baselines", "s3://ci"), "has no baselines"),
        (("gate", "--baselines", "folder"), "is not in S3"),
        (("gate", "--isolate"), "as they are"),
        (("gate", "--kms-key", "arn:aws:kms:x"), "as they are"),
    ],
)
def test_iam_refuses_what_a_gate_does_not_do(
    words: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["iam", *words]) == 2
    assert said in capfd.readouterr().err


def test_iam_prints_what_a_scan_needs_here_and_in_other_accounts(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["iam", "scan", "--organization", "--reconcile", "--role", "security/auditor"]) == 0
    document = json.loads(capfd.readouterr().out)
    actions = {action for statement in document["Statement"] for action in statement["Action"]}
    assert {"lambda:ListFunctions", "organizations:ListAccounts", "ce:GetCostAndUsage", "sts:AssumeRole"} < actions
    assert document["Statement"][-1]["Resource"] == ["arn:aws:iam::*:role/security/auditor"]
    assert run_app(["iam", "scan", "--scans", "s3://finops/lambda", "--organization", "--session-tags"]) == 0
    *_, tagging, listing, keeping = json.loads(capfd.readouterr().out)["Statement"]
    assert tagging["Action"] == ["sts:TagSession"]
    assert (listing["Action"], listing["Resource"]) == (["s3:ListBucket"], "arn:aws:s3:::finops")
    assert keeping["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert keeping["Resource"] == "arn:aws:s3:::finops/lambda/scan-*"
    assert run_app(["iam", "scan", "--stackset"]) == 0
    assert "AWSTemplateFormatVersion" in capfd.readouterr().out
    assert run_app(["iam", "run", "--stackset"]) == 2
    assert run_app(["iam", "scan", "--copies"]) == 2
    assert "only --role, --organization" in capfd.readouterr().err


def test_the_latencies_that_local_offers_are_those_that_there_are() -> None:
    assert {str(latency) for latency in Latency} == set(LATENCIES)


def test_local_refuses_a_region_that_there_is_not() -> None:
    done = run("local", "--region", "us-eats-1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no region 'us-eats-1'" in done.stderr
    assert "such as us-east-1" in done.stderr


def test_local_refuses_a_port_that_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("local", "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"port {port} is in use by another program" in done.stderr
    assert "give another --port, or 0 for a free one" in done.stderr
    assert "Address already in use" not in done.stderr


def test_local_serves_unmodified_clients_until_it_is_ended(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "powertune", "local", "--latency", "aws"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        exported = dict(
            shlex.split(server.stdout.readline().removeprefix("export "))[0].split("=", 1) for _ in range(5)
        )
        for name, value in exported.items():
            monkeypatch.setenv(name, value)
        assert exported["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        proxies = [server.stdout.readline() for _ in range(2)]
        assert all("127.0.0.1,localhost" in line for line in proxies)
        assert server.stdout.readline() == "unset AWS_SESSION_TOKEN AWS_PROFILE\n"
        client = boto3.Session().client("lambda")
        made = client.create_function(
            FunctionName="fn",
            Runtime="python3.13",
            Role="arn:aws:iam::123456789012:role/powertune-local",
            Handler="app.handler",
            Code={"ZipFile": zip_folder(source)},
        )
        assert made["State"] == "Pending"
        settle(client, "fn")
        assert json.load(client.invoke(FunctionName="fn", Payload=b'{"n": 1}')["Payload"]) == {"echo": {"n": 1}}
    finally:
        server.send_signal(signal.SIGINT)
        _, err = server.communicate(timeout=60)
    assert server.returncode == 0, err
    assert "Ctrl-C ends it" in err
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(exported["AWS_ENDPOINT_URL"])


def test_every_exit_code_is_documented_and_no_other() -> None:
    page = (REPOSITORY / "docs/reference/exit-codes.md").read_text()
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)}
    assert documented == {int(code) for code in ExitCode}


def test_a_bug_is_shown_whole_and_said_to_be_one(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("powertune.results.load", lambda path: 1 / 0)
    assert run_app(["report", "x.json"]) == 1
    err = capfd.readouterr().err
    assert "ZeroDivisionError" in err
    assert "this is a bug in powertune" in err


def test_a_bug_that_was_carried_to_the_end_is_shown_as_it_happened(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def carry(_: object) -> None:
        try:
            1 / 0  # noqa: B018 - the bug
        except ZeroDivisionError as bug:
            exception = bug
        raise Bug(exception)

    monkeypatch.setattr("powertune.results.load", carry)
    assert run_app(["report", "x.json"]) == 1
    err = capfd.readouterr().err
    assert "1 / 0" in err
    assert err.count("ZeroDivisionError") == 1
    assert "this is a bug in powertune" in err


def test_the_tests_see_no_configuration_of_this_machine() -> None:
    assert "POWERTUNE_MEMORY" not in os.environ
