"""Log groups that cost more than what writes to them."""

from dataclasses import replace

import pytest
from scanned import known, place_evidence, scanned_function

from powertune.scan.evidence import FunctionLogGroup, MonthlyCost
from powertune.scan.finding import Confidence, CostPart, MonthlySaving
from powertune.scan.rules.log_cost import RULE

NAME = "/aws/lambda/orders"
GROUP = FunctionLogGroup(name=NAME, stored_bytes=0, retention_days=14, ingested_bytes=7 * 2**30)
COST = MonthlyCost(compute=3.0, requests=0.25, init=0.5, ephemeral_storage=0.25, log_ingestion=7.5)


def test_half_of_the_cost_of_writing_can_be_saved() -> None:
    (found,) = RULE.check(place_evidence(known(cost=COST), log_groups={NAME: GROUP}))

    assert found.saving == MonthlySaving(expected=3.75, low=0.0, high=7.5)
    assert (found.subject, found.confidence, found.part) == (NAME, Confidence.LOW, CostPart.LOG_INGESTION)
    assert found.summary == "writing its logs costs $7.50 a month, and running the function $4.00"
    assert [fact.text for fact in found.facts] == [
        "writing logs costs $7.50 a month, and running the function $4.00",
        "written by orders",
        "15.0 GB are written in a month",
    ]
    assert found.next_step == (
        "log less, or filter by level with `aws lambda update-function-configuration --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders --logging-config "
        "LogFormat=JSON,ApplicationLogLevel=WARN,LogGroup=/aws/lambda/orders --region us-east-1`, or write "
        "to a new log group of the class "
        "INFREQUENT_ACCESS"
    )


def test_a_shared_log_group_is_compared_with_all_that_write_to_it() -> None:
    functions = [scanned_function(name, log_group="/shared", log_format="JSON") for name in ("a", "b")]
    group = replace(GROUP, name="/shared", log_class="INFREQUENT_ACCESS")
    evidence = place_evidence(*(known(each, cost=COST) for each in functions), log_groups={"/shared": group})
    (found,) = RULE.check(evidence)

    assert found.saving is None
    assert found.summary == "writing its logs costs $15.00 a month, and running its 2 functions $8.00"
    assert found.next_step == "log less, or raise the application log level"


def test_how_much_is_written_need_not_be_known() -> None:
    group = replace(GROUP, ingested_bytes=None)
    (found,) = RULE.check(place_evidence(known(cost=COST), log_groups={NAME: group}))
    assert len(found.facts) == 2


@pytest.mark.parametrize(
    "cost",
    [
        None,
        replace(COST, log_ingestion=4.0),
        replace(COST, requests=3.75),
        replace(COST, ephemeral_storage=3.75),
        replace(COST, unpriced=("log_ingestion",)),
        replace(COST, provisioned=3.5),
        MonthlyCost(compute=0.0, requests=0.0, log_ingestion=0.99),
    ],
    ids=["unknown", "as much", "requests", "storage", "unpriced", "provisioned", "cheap"],
)
def test_is_not_said_otherwise(cost: MonthlyCost | None) -> None:
    assert not list(RULE.check(place_evidence(known(cost=cost), log_groups={NAME: GROUP})))
