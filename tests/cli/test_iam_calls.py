"""The policy that `powertune iam` prints allows exactly the calls that a run makes."""

from pathlib import Path
from typing import Any

import pytest

from powertune.aws.actions import policy
from powertune.aws.client import Place
from powertune.cli import tuning
from powertune.cli.site import open_site
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.model import FunctionRef

#: Where the API and IAM use different words.
RENAMED = {"lambda:Invoke": "lambda:InvokeFunction"}


def test_the_policy_for_run_is_what_a_run_calls(
    aws_environment: EmbeddedAWS, client: Any, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.create_function(
        FunctionName="audited",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
    )
    called: set[str] = set()

    def record(event_name: str, **_: Any) -> None:
        service, operation = event_name.split(".")[1:]
        called.add(service + ":" + operation)

    given: dict[str, Any] = dict.fromkeys(tuning.RUN_OPTIONS)
    given |= {"memory": "512,1024", "invocations": "1", "lanes": "1", "telemetry": "logs", "rate": "100"}
    with open_site("audited", Place()) as site:
        site.connection.session.events.register("before-call", record)
        options = tuning.load_options(site, given)
        plan = tuning.plan_run(site, options, tuning.region_prices(site, options))
        measured = tuning.measure_plan(site, options, plan, Path("run.json"), quiet=True)
    assert [m.invocations.column("status").count("ok") for m in measured.measurements] == [2, 2]

    document = policy("run", FunctionRef(name="audited"))
    allowed = {action for statement in document["Statement"] for action in statement["Action"]}
    names = {name.replace("cloudwatch-logs:", "logs:") for name in called}
    assert {RENAMED.get(name, name) for name in names} == allowed
