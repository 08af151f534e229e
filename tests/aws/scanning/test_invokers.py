"""Who may invoke functions that nobody has invoked, and whose concurrency is reserved."""

from typing import Any

from fakes import FakeLambda, client_error
from scan_places import PLACE, account, gaps, invoke, known, scan

from powertune.scan.evidence import AccountRegion
from powertune.scan.rule import Need

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def allow(
    fake: FakeLambda, name: str, principal: Any, qualifier: str | None = None, action: str = "lambda:InvokeFunction"
) -> None:
    statement = {"Effect": "Allow", "Action": action, "Principal": principal, "Resource": f"{ARN}{name}"}
    fake.policies.setdefault((name, qualifier), []).append(statement)


def test_the_triggers_of_idle_functions_are_said_in_words() -> None:
    fake = account("busy", "idle", "alone")
    invoke(fake, "busy")
    allow(fake, "idle", {"Service": "events.amazonaws.com"})
    allow(fake, "idle", {"Service": "s3.amazonaws.com"})
    allow(fake, "alone", {"AWS": "arn:aws:iam::1:root"}, action="lambda:GetFunction")
    fake.urls["idle", None] = "AWS_IAM"
    fake.mappings = [
        {"FunctionArn": f"{ARN}idle:prod", "EventSourceArn": "arn:aws:sqs:us-east-1:1:q", "State": "Enabled"},
        {"FunctionArn": f"{ARN}idle", "EventSourceArn": "arn:aws:sqs:us-east-1:1:off", "State": "Disabled"},
        {"FunctionArn": f"{ARN}idle-2", "EventSourceArn": "arn:aws:sqs:us-east-1:1:other", "State": "Enabled"},
        {"FunctionArn": f"{ARN}alone-2", "State": "Enabled"},
    ]
    fake.page_size = 2

    scanned = scan(fake, Need.USAGE, Need.TRIGGERS)

    assert {name: each.triggers for name, each in known(scanned).items()} == {
        "busy": None,
        "idle": (
            "an event source mapping of arn:aws:sqs:us-east-1:1:q",
            "a policy for events.amazonaws.com",
            "a policy for s3.amazonaws.com",
            "a function URL",
        ),
        "alone": (),
    }
    # All mappings together are two pages, and each idle function takes a call for its policy and one for its URL.
    assert fake.operations.count("lambda.list_event_source_mappings") == 2
    assert fake.operations.count("lambda.get_policy") == 2
    assert fake.operations.count("lambda.get_function_url_config") == 2
    assert scanned.gaps == ()


def test_a_function_that_cloudfront_replicates_is_at_the_edge() -> None:
    fake = account("viewer", "plain")
    for name in ("viewer", "plain"):
        fake.publish_user_version(name)
        fake.publish_user_version(name)
    allow(fake, "viewer", {"Service": "replicator.lambda.amazonaws.com"}, qualifier="2", action="lambda:GetFunction")
    scanned = scan(fake, Need.USAGE, Need.TRIGGERS)
    assert {name: each.edge for name, each in known(scanned).items()} == {"viewer": True, "plain": False}
    # Each function, both versions of one of them, and the newest of the other, which settles it.
    assert fake.operations.count("lambda.get_policy") == 2 + 2 + 1


def test_cloudfront_may_use_an_older_version_than_the_newest() -> None:
    fake = account("viewer", "forgotten")
    for _ in range(3):
        fake.publish_user_version("viewer")
    for _ in range(4):
        fake.publish_user_version("forgotten")
    for name in ("viewer", "forgotten"):
        allow(fake, name, {"Service": "replicator.lambda.amazonaws.com"}, qualifier="1", action="lambda:GetFunction")
    scanned = scan(fake, Need.USAGE, Need.TRIGGERS)
    # The fourth newest version is not asked about.
    assert {name: each.edge for name, each in known(scanned).items()} == {"viewer": True, "forgotten": False}
    assert fake.operations.count("lambda.get_policy") == 2 * (1 + 3)


def test_elsewhere_no_version_is_asked_about_the_edge() -> None:
    fake = account("fn")
    fake.publish_user_version("fn")
    frankfurt = AccountRegion(account_id=PLACE.account_id, region="eu-central-1")
    scan(fake, Need.USAGE, Need.TRIGGERS, place=frankfurt)
    assert fake.operations.count("lambda.get_policy") == 1


def test_an_account_without_idle_functions_is_not_asked() -> None:
    fake = account("fn")
    invoke(fake, "fn")
    scan(fake, Need.USAGE, Need.TRIGGERS)
    assert "lambda.list_event_source_mappings" not in fake.operations


def test_the_limit_of_calls_leaves_out_those_that_were_changed_last() -> None:
    fake = account()
    for day in (3, 1, 2):
        fake.add(f"fn-{day}", LastModified=f"2026-01-0{day}T00:00:00.000+0000")
    for _ in range(2):
        fake.publish_user_version("fn-2")
    # Two for fn-1, and four for fn-2, which has two versions: there is one left, and fn-3 takes two.
    scanned = scan(fake, Need.USAGE, Need.TRIGGERS, per_function_calls=7)
    assert {name: each.triggers for name, each in known(scanned).items()} == {"fn-1": (), "fn-2": (), "fn-3": None}
    assert gaps(scanned) == [("triggers", "not asked: 7 calls about single functions are the limit", ("fn-3",), "")]


def test_an_outage_ends_a_check_and_nothing_else() -> None:
    fake = account("a", "b", "c")
    fake.add("throttled")
    fake.cloudwatch.series["Throttles", "Sum", "throttled"] = [9.0]
    fake.reserved["throttled"] = 4

    def fail(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_policy":
            raise client_error("ServiceException", "internal", 500)

    fake.on_call = fail
    scanned = scan(fake, Need.USAGE, Need.TRIGGERS, Need.RESERVED)
    ((what, _, subjects, action),) = gaps(scanned)
    assert (what, subjects, action) == ("triggers", ("a", "b", "c"), "")
    assert known(scanned)["throttled"].reserved == 4
    assert fake.operations.count("lambda.get_policy") == 9


def test_reserved_concurrency_is_asked_of_throttled_functions_only() -> None:
    fake = account("calm", "starved", "free")
    fake.reserved = {"calm": 1, "starved": 2}
    for name in ("starved", "free"):
        fake.cloudwatch.series["Throttles", "Sum", name] = [9.0]
    scanned = scan(fake, Need.USAGE, Need.RESERVED)
    assert {name: each.reserved for name, each in known(scanned).items()} == {
        "calm": None,
        "starved": 2,
        "free": None,
    }
    assert fake.operations.count("lambda.get_function_concurrency") == 2
