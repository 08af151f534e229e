"""The policy that `powertune iam` prints allows exactly the calls that a run makes."""

from pathlib import Path
from typing import Any

import pytest
from applies import Applying, AskedOnArm, measured_function, run_of, traffic
from fakes import FakeLambda, fake_aws
from runs import plan_for, tune
from settled import settle

from powertune.aws.actions import ACTIONS
from powertune.aws.iam_policy import Grant, policy
from powertune.aws.identity import ConnectionOptions
from powertune.aws.preflight import preflight
from powertune.cli import tuning
from powertune.cli.site import open_site
from powertune.engine.applying.model import ApplyRequest, Canary
from powertune.errors import SizeRefused
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.model import FunctionRef

#: Where the API and IAM use different words.
RENAMED = {"lambda:Invoke": "lambda:InvokeFunction"}


def calls_of_a_run(role_arn: str, client: Any, source: Path, **options: str) -> set[str]:
    """What a run on a new function calls, as IAM calls it."""
    client.create_function(
        FunctionName="audited",
        Runtime="python3.13",
        Role=role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
    )
    settle(client, "audited")
    called: set[str] = set()

    def record(event_name: str, **_: Any) -> None:
        service, operation = event_name.split(".")[1:]
        called.add(service + ":" + operation)

    given = {
        "memory": "512,1024",
        "invocations": "1",
        "environments": "1",
        "report_source": "logs",
        "rate": "100",
        **options,
    }
    with open_site("audited", ConnectionOptions()) as site:
        site.connection.session.events.register("before-call", record)
        options_ = tuning.load_options(site, given)
        plan = tuning.plan_run(site, options_, tuning.region_prices(site, options_))
        measured = tuning.measure_plan(site, options_, plan, Path("run.json"), quiet=True)
    client.delete_function(FunctionName="audited")
    assert [m.invocations.column("status").count("ok") for m in measured.measurements] == [2, 2]
    names = {name.replace("cloudwatch-logs:", "logs:") for name in called}
    return {RENAMED.get(name, name) for name in names}


def allowed_by(grant: Grant) -> set[str]:
    document = policy("run", FunctionRef(name="audited"), grant)
    return {action for statement in document["Statement"] for action in statement["Action"]}


def test_the_policy_for_run_is_what_a_run_calls(aws_environment: EmbeddedAWS, client: Any, source: Path) -> None:
    called = calls_of_a_run(aws_environment.role_arn, client, source)
    assert called | asked_of_aws_only() == allowed_by(Grant())


def test_the_policy_for_an_isolated_run_is_what_it_calls(
    aws_environment: EmbeddedAWS, client: Any, source: Path
) -> None:
    called = calls_of_a_run(aws_environment.role_arn, client, source, isolate="true")
    # AWS asks for the first two at CreateFunction, for the third with layers.
    implied = {"iam:PassRole", "lambda:TagResource", "lambda:GetLayerVersion"}
    assert called | asked_of_aws_only() | implied == allowed_by(Grant(isolate=True))


def test_the_policy_for_apply_is_what_it_calls() -> None:
    """With a canary, a rollback, and a version that never comes into use: each operation that any of it makes."""
    canary = ApplyRequest(alias="prod", canary=Canary(share=0.5))
    fake = measured_function()
    run = run_of(fake)
    traffic(fake, "1", invocations=1_000)
    traffic(fake, "2", invocations=1_000)
    other_run = run_of(fake, arm=True)
    fake.operations.clear()
    Applying(fake, canary, run).apply()
    Applying(fake, canary, run).roll_back()

    other = AskedOnArm()
    Applying(fake, other, other_run, apply_id="0badcafe").apply()
    Applying(fake, other).roll_back()

    def never_ready(name: str, kwargs: dict[str, Any]) -> None:
        if name == "publish_version":
            fake.functions["fn"].versions["3"] |= {"State": "Failed"}

    fake.after_call = never_ready
    fake.functions["fn"].versions["2"]["Handler"] = "another"  # so that a version is published anew
    with pytest.raises(SizeRefused):
        Applying(fake, canary, run).apply()
    # What is downloaded under a signed address takes no permission.
    called = {ACTIONS[operation].name for operation in fake.operations if operation != "lambda.fetch"}
    document = policy("apply", FunctionRef(name="fn"))
    assert called == {action for statement in document["Statement"] for action in statement["Action"]}


def asked_of_aws_only() -> set[str]:
    """What a run asks of AWS only: the embedded AWS has no traffic, and no classes of log groups."""
    fake = FakeLambda()
    fake.add("audited")
    fake.publish_user_version("audited", alias="prod")
    preflight(fake_aws(fake), FunctionRef.parse("audited:prod"), now=0.0)
    # Logs Insights is for log groups of a class that the embedded AWS does not have.
    fake.logs.log_class = "INFREQUENT_ACCESS"
    calls = len(fake.operations)
    tune(fake, plan_for(fake, name="audited"))
    insights = [operation for operation in fake.operations[calls:] if operation.startswith("logs.")]
    asked = [*fake.operations[:calls], *insights]
    return {action for operation in asked for action in (ACTIONS[operation].name, *ACTIONS[operation].also)}
