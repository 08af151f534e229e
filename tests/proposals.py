"""Proposals for tests: what a run promises of `orders`, and the pull request that holds it."""

from dataclasses import replace
from typing import Any

from factories import make_function, make_measurement, make_run
from scanned import DAY_S, NOW, PRICES

from powertune.analysis import Analysis, analyze
from powertune.autopilot.promise import Promise, PromisedRatio, ProposalRecord
from powertune.autopilot.pull_request import PullRequest, PullRequestState, branch_of
from powertune.engine.autopilot.protocols import Proposal
from powertune.iac import Change, Edit, Place, Tool
from powertune.model import Architecture, Configuration, FunctionState, Goal, Strategy, TuningRun, Usage
from powertune.report.proposal import ProposalText, commit_message, proposal_body, proposal_title
from powertune.scan.finding import MonthlySaving

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
TEMPLATE = "Resources:\n  Orders:\n    Properties:\n      MemorySize: 1024 # as measured\n"
SMALLER = TEMPLATE.replace("1024", "512")


def size(memory_mb: int, architecture: Architecture = Architecture.ARM64) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=architecture)


def make_promise(**changes: Any) -> Promise:
    """From 1,024 to 512 MB, measured three days ago."""
    promise = Promise(
        function_arn=ARN,
        run_id="aaaa1111",
        measured_at=NOW - 3 * DAY_S,
        code_sha256="sha-of-orders",
        before=size(1024),
        after=size(512),
        currency="USD",
        saving=MonthlySaving(expected=12.3, low=10.1, high=14.5),
        cost=PromisedRatio(expected=0.55, low=0.5, high=0.6),
        duration=PromisedRatio(expected=1.1, low=1.05, high=1.15),
        invocations_per_month=2_000_000.0,
    )
    return replace(promise, **changes)


def make_pull_request(record: ProposalRecord | None = None, **changes: Any) -> PullRequest:
    """An open one, by default with the promise above."""
    found = PullRequest(
        name="#7",
        branch=branch_of(ARN),
        state=PullRequestState.OPEN,
        record=record or ProposalRecord(promise=make_promise()),
        labels=("powertune",),
        url="https://github.com/acme/shop/pull/7",
    )
    return replace(found, **changes)


def make_change(before: str = TEMPLATE, after: str = SMALLER, path: str = "template.yaml") -> Change:
    place = Place(
        tool=Tool.SAM, path=path, line=2, resource="Orders", memory_mb=1024, architecture=Architecture.ARM64
    )
    return Change(place=place, edits=(Edit(path=path, before=before, after=after),), notes=())


def make_proposal(change: Change | None = None, **changes: Any) -> Proposal:
    """What a pull request is made of."""
    promise = make_promise(**changes)
    text = ProposalText(record=ProposalRecord(promise=promise), report="### A report", change=change or make_change())
    return Proposal(
        promise=promise,
        branch=branch_of(promise.function_arn),
        title=proposal_title(promise),
        body=proposal_body(text),
        message=commit_message(promise),
        labels=("powertune",),
        change=text.change,
        report=text.report,
        picture=b"PNG",
    )


def orders_run(small_ms: float = 105.0, *, run_id: str = "aaaa1111", **changes: Any) -> TuningRun:
    """A run of `orders`, which has 1,024 MB and takes 100 ms; at 512 MB it takes `small_ms`."""
    swing = [-2.0, 1.0, 0.0, 2.0, -1.0] * 6
    arm = Architecture.ARM64
    measurements = [
        make_measurement(memory_mb=mb, architecture=arm, durations=[ms + each for each in swing], lanes=5)
        for mb, ms in ((512, small_ms), (1024, 100.0))
    ]
    at = NOW - 3 * DAY_S
    run = make_run(
        measurements=measurements, function=orders_function(), run_id=run_id, started_at=at - 60, finished_at=at
    )
    design = replace(run.design, usage=Usage(invocations_per_month=2_000_000.0))
    search = replace(design.search, goal=Goal(strategy=Strategy.COST))
    return replace(run, **{"design": replace(design, search=search), **changes})


def orders_function(**changes: Any) -> FunctionState:
    function = make_function(
        name="orders", arn=ARN, memory_mb=1024, architecture=Architecture.ARM64, code_sha256="sha-of-orders"
    )
    return replace(function, **changes)


def orders_analysis(small_ms: float = 105.0, **changes: Any) -> Analysis:
    """That run judged by cost, at two million invocations a month."""
    run = orders_run(small_ms, **changes)
    return analyze(run, PRICES, run.design.goal or Goal(), run.design.usage)
