"""What a run promises, and that a pull request keeps it word by word."""

from dataclasses import replace

import pytest
from proposals import ARN, make_promise, orders_analysis, size

from powertune.autopilot.promise import (
    Promise,
    ProposalRecord,
    Standing,
    dump_record,
    found_in,
    hidden,
    parse_record,
    promise_of,
)
from powertune.errors import UsageError


def test_a_proven_saving_is_promised_with_its_interval() -> None:
    found = promise_of(orders_analysis())
    assert isinstance(found, Promise)
    assert (found.function_arn, found.before, found.after) == (ARN, size(1024), size(512))
    assert (found.code_sha256, found.invocations_per_month) == ("sha-of-orders", 2_000_000.0)
    assert 0 < found.saving.low < found.saving.expected < found.saving.high
    assert 0.5 < found.cost.low < found.cost.expected < found.cost.high < 0.6


def test_nothing_is_promised_where_the_present_size_is_best() -> None:
    assert promise_of(orders_analysis(small_ms=300.0)) == "the last run recommends to stay at 1024 MB arm64"


def test_nothing_is_promised_without_traffic() -> None:
    run = orders_analysis().run
    unknown = orders_analysis(design=replace(run.design, usage=None))
    assert promise_of(unknown) == "the last run cannot tell what 512 MB arm64 saves"


def test_nothing_is_promised_if_the_interval_holds_0() -> None:
    analysis = orders_analysis()
    assert analysis.recommendation is not None
    assert analysis.recommendation.saving is not None
    unsure = replace(analysis.recommendation.saving, interval=(-0.1, 20.0))
    doubted = replace(analysis, recommendation=replace(analysis.recommendation, saving=unsure))
    assert promise_of(doubted) == "the last run does not prove that 512 MB arm64 saves money"


def test_a_record_is_read_back_from_the_text_around_it() -> None:
    record = ProposalRecord(promise=make_promise(), standing=Standing.CAME_TRUE, told=("a --> b", "<!-- c"))
    text = f"Some words.\n\n{hidden(record)}\n\nMore.\n"
    assert found_in(text) == record
    # Nothing in it ends the comment.
    assert hidden(record).count("-->") == 1
    assert hidden(record).endswith(" -->")
    assert "\n" not in hidden(record)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text.replace("powertune/proposal/1", "powertune/run/1"),
        lambda text: text.replace('"memory_mb": 512', '"memory_mb": "512"'),
        lambda text: text.replace('"memory_mb": 512', '"memory_mb": 5'),
        lambda text: text.replace(ARN, "orders"),
        lambda text: text.replace(ARN, f"{ARN}:live"),
        lambda text: text[: len(text) // 2] + "} -->",
    ],
)
def test_a_record_that_somebody_has_damaged_is_none(damage: object) -> None:
    assert callable(damage)
    changed = damage(hidden(ProposalRecord(promise=make_promise())))
    assert found_in(changed) is None


def test_a_record_of_its_own_says_what_is_wrong_with_it() -> None:
    data = dump_record(ProposalRecord(promise=make_promise()))
    assert parse_record(data).promise == make_promise()
    with pytest.raises(UsageError, match="standing"):
        parse_record(data.replace(b'"proposed"', b'"merged"'))
