"""Runs that are killed, or whose calls fail, in processes of their own. Started by test_survival.py.

Takes how a run ends, which run, and which of how many equal parts of the attempts to make, each on its own function.
Prints one line of JSON per attempt: what was tried, and whether the function was found as it had been.
"""

import io
import json
import os
import secrets
import signal
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

sys.path.insert(0, str(Path(__file__).parents[1]))

from applies import Interruption, RecordingApply
from factories import make_run
from fakes import FakeClock
from runs import PublishingLog
from settled import settle

from powertune.aws.copies.portability import check_copies
from powertune.aws.identity import ConnectionOptions
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.preflight import preflight
from powertune.aws.target import AwsTarget
from powertune.cli import tuning
from powertune.cli.app import run_app
from powertune.cli.site import Site, open_site
from powertune.config import RunOptions
from powertune.engine.applying.applier import Surroundings, apply_plan
from powertune.engine.applying.finding import find
from powertune.engine.applying.model import ApplyRequest, Canary
from powertune.engine.applying.plan import plan_apply
from powertune.errors import Inconclusive, PowertuneError
from powertune.model import Architecture
from powertune.plan import PriorKnowledge, make_plan
from powertune.prices import PriceTable

READS = {
    "GetFunction",
    "GetAlias",
    "GetAccountSettings",
    "ListAliases",
    "ListVersionsByFunction",
    "GetMetricStatistics",
    "FilterLogEvents",
    "ListFunctions",
    "ListTags",
    "ListProvisionedConcurrencyConfigs",
}
VOLATILE = ("LastModified", "RevisionId")
HOW, RUN = sys.argv[1:3]
PART, PARTS = map(int, sys.argv[3:])
NAME = f"survivor-{PART}"

#: A memory size that no run of these tries.
THEIR_MB = 2048


def snapshot() -> Any:
    """Everything that a run must give back."""
    client = boto3.client("lambda")
    function = client.get_function(FunctionName=NAME)
    versions = client.list_versions_by_function(FunctionName=NAME)["Versions"]
    configurations: list[Any] = [function["Configuration"], *versions]
    for configuration in configurations:
        for key in VOLATILE:
            configuration.pop(key, None)
    aliases = client.list_aliases(FunctionName=NAME)["Aliases"]
    for alias in aliases:
        alias.pop("RevisionId", None)
    location = urllib.parse.urlsplit(function["Code"]["Location"]).path
    # Other processes make their attempts at the same time, on functions of their own and copies of those.
    others = tuple(f"survivor-{part}" for part in range(PARTS) if part != PART)
    every = sorted(item["FunctionName"] for item in client.list_functions()["Functions"])
    names = [name for name in every if not name.startswith(others)]
    return json.loads(json.dumps([configurations, aliases, location, names], default=str))


Hook = Callable[[Site], None]


def run(hook: Hook, **more: Any) -> None:
    """`powertune run survivor --memory 128,256`, with a hook on its calls."""
    given = {"memory": "128,256", "invocations": "1", "environments": "1", "rate": "1000", **more}
    with open_site(NAME, ConnectionOptions()) as site:
        hook(site)
        options = tuning.load_options(site, given)
        plan = tuning.plan_run(site, options, tuning.region_prices(site, options))
        tuning.measure_plan(site, options, plan, Path(os.devnull), quiet=True)


def publish_both(hook: Hook) -> None:
    """`--arch both` as far as the control plane goes: this machine cannot invoke the other architecture."""
    with open_site(NAME, ConnectionOptions()) as site:
        hook(site)
        aws = site.connection.aws(rate=1000)
        found = preflight(aws, site.ref, now=0.0)
        plan = make_plan(
            RunOptions(memory=(128, 256), architectures=tuple(Architecture)),
            replace(found.state, platform=None),
            PriceTable.bundled().region(site.connection.region),
            PriorKnowledge(account_concurrency=found.known.account_concurrency, average_ms=None),
            run_id=secrets.token_hex(4),
        )
        check_copies(LambdaFunction(aws, site.ref), plan)
        target = AwsTarget(aws, plan, restore_command=site.restore_command, clock=time.time)
        target.open()
        target.publish(plan.design.configurations, PublishingLog())
        show_copies()
        target.undo()


def show_copies() -> None:
    """Print what was copied, for the test to compare with the function."""
    client = boto3.client("lambda")
    for item in client.list_functions()["Functions"]:
        if item["FunctionName"].startswith(f"{NAME}-powertune-"):
            copy = client.get_function(FunctionName=item["FunctionName"])
            location = urllib.parse.urlsplit(copy["Code"]["Location"]).path
            say(copy=json.loads(json.dumps(copy["Configuration"], default=str)), tags=copy["Tags"], code=location)


def apply_canary(hook: Hook) -> None:
    """`powertune apply --canary` of a size that nobody invokes, so that it is rolled back; in no time."""
    with open_site(NAME, ConnectionOptions()) as site:
        hook(site)
        aws = site.connection.aws(rate=1000)
        clock, function = FakeClock(), LambdaFunction(aws, site.ref)
        measured = make_run(function=preflight(aws, site.ref, now=0.0).state, run_id="0a1b2c3d")
        chosen = replace(measured.function.current, memory_mb=256)
        asked = ApplyRequest(alias="prod", canary=Canary(share=0.1, watch_s=3.0))
        found = find(aws, function, measured, asked, now=time.time(), restore="")
        plan = plan_apply(measured, chosen, asked, found, apply_id=secrets.token_hex(4))
        assert plan is not None
        around = Surroundings(
            aws=aws, rollback="", restore="", observer=RecordingApply(), clock=clock, sleep=clock.sleep
        )
        try:
            apply_plan(plan, around, Interruption())
        except Inconclusive:
            delete_kept()


def delete_kept() -> None:
    """What an apply keeps as it may have served requests."""
    client = boto3.client("lambda")
    for version in client.list_versions_by_function(FunctionName=NAME)["Versions"]:
        if version["Description"].startswith("powertune apply "):
            client.delete_function(FunctionName=NAME, Qualifier=version["Version"])


RUNS: dict[str, Callable[[Hook], None]] = {
    "plain": run,
    "isolated": partial(run, isolate=True),
    "both": publish_both,
    "canary": apply_canary,
}


def in_child(run: Callable[[Hook], None], hook: Hook) -> int:
    """Run in a forked process; returns its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        run(hook)
    except BaseException as error:  # a forked child must never return into the parent's loop
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def kill_at(number: int, when: str) -> Callable[[Site], None]:
    """A hook that kills the process at its n-th changing call."""

    def hook(site: Site) -> None:
        seen = [0]

        def count(event_name: str, **_: Any) -> None:
            if event_name.rsplit(".", 1)[-1] in READS:
                return
            if seen[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            seen[0] += 1

        site.connection.session.events.register(f"{when}.lambda", count)

    return hook


def fail_each(kind: str) -> Callable[[Site], None]:
    """A hook that lets the first attempt of every call fail, before or after it took effect."""
    statuses = {"throttle": (429, "TooManyRequestsException"), "5xx": (500, "ServiceException")}
    statuses["conflict"] = (409, "ResourceConflictException")

    def hook(site: Site) -> None:
        failed: set[str] = set()

        def first(event_name: str, key: str) -> bool:
            operation = event_name.rsplit(".", 1)[-1]
            again = f"{operation} {key}"
            if operation == "Invoke" or again in failed:
                return False
            failed.add(again)
            return True

        def before(event_name: str, request: Any, **_: Any) -> Any:
            if not first(event_name, f"{request.url} {request.body!r}"):
                return None
            status, code = statuses[kind]
            body = json.dumps({"Message": "An update is in progress", "Type": "User"}).encode()
            headers: Any = {"x-amzn-errortype": code, "content-type": "application/json"}
            return AWSResponse(request.url, status, headers, Raw(body))

        def remember(params: Any, context: Any, **_: Any) -> None:
            context["asked"] = f"{params['url_path']} {params['query_string']} {params['body']!r}"

        def after(event_name: str, context: Any, **_: Any) -> None:
            if first(event_name, context["asked"]):
                raise ReadTimeoutError(endpoint_url="http://lambda")

        if kind == "timeout":
            site.connection.session.events.register("before-call.lambda", remember)
            site.connection.session.events.register("after-call.lambda", after)
        else:
            site.connection.session.events.register("before-send.lambda", before)

    return hook


class Raw(io.BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def say(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def kill_everywhere(run: Callable[[Hook], None]) -> None:
    """Every other time, somebody else deploys a memory size of their own before the function is restored."""
    before = snapshot()
    theirs = deployed(before, THEIR_MB)
    own_mb = before[0][0]["MemorySize"]
    for when in ("before-send", "after-call"):
        for number in range(PART, 100, PARTS):
            status = in_child(run, kill_at(number, when))
            if not os.WIFSIGNALED(status):
                say(when=when, number=number, status=status, restored=None, same=snapshot() == before)
                break
            expected = before
            if number % 2:
                set_memory(THEIR_MB)
                expected = theirs
            restored = run_app(["restore", NAME, "--yes"])
            delete_kept()
            say(when=when, number=number, status=status, restored=restored, same=snapshot() == expected)
            set_memory(own_mb)


def set_memory(memory_mb: int) -> None:
    """Deploy another memory size, as their owner would."""
    client = boto3.client("lambda")
    settle(client, NAME)
    client.update_function_configuration(FunctionName=NAME, MemorySize=memory_mb)
    settle(client, NAME)


def deployed(before: Any, memory_mb: int) -> Any:
    """The same, but for the memory size of $LATEST."""
    (latest, *versions), *others = before
    listed = [{**v, "MemorySize": memory_mb} if v["Version"] == "$LATEST" else v for v in versions]
    return [[{**latest, "MemorySize": memory_mb}, *listed], *others]


def fail_everywhere(run: Callable[[Hook], None]) -> None:
    before = snapshot()
    for kind in ("throttle", "5xx", "conflict", "timeout")[PART::PARTS]:
        try:
            run(fail_each(kind))
        except PowertuneError as error:
            say(kind=kind, error=error.message, same=snapshot() == before)
        else:
            say(kind=kind, error=None, same=snapshot() == before)


if __name__ == "__main__":
    ways: dict[str, Callable[[Callable[[Hook], None]], None]] = {
        "kill": kill_everywhere,
        "fail": fail_everywhere,
        "let live": lambda run: run(lambda site: None),
    }
    ways[HOW](RUNS[RUN])
