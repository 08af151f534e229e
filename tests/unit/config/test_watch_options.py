"""The options of `powertune watch`: what each takes, and what it says of the rest."""

import pytest

from powertune.config.watch_options import ChosenLimits, WatchOptions, parse_watch, topic_region
from powertune.errors import UsageError


def parse(max_p95: tuple[str, ...] = (), max_cost_per_day: tuple[str, ...] = (), **shares: str) -> WatchOptions:
    return parse_watch(shares, max_p95=max_p95, max_cost_per_day=max_cost_per_day)


def test_defaults() -> None:
    assert parse() == WatchOptions(tolerance=0.2, max_errors=0.05, concurrency_share=0.8)


def test_shares() -> None:
    options = parse(tolerance="50%", max_errors="0.01", concurrency_share="100%")
    assert (options.tolerance, options.max_errors, options.concurrency_share) == (0.5, 0.01, 1.0)
    with pytest.raises(UsageError, match="max-errors '5x' is not a share"):
        parse(max_errors="5x")
    with pytest.raises(UsageError, match="--concurrency-share must be above 0"):
        parse(concurrency_share="0%")


def test_limits_for_all_and_for_some() -> None:
    options = parse(("300ms", "my-fn:prod=1.5s"), ("0.5", "my-fn=5USD"))
    assert options.max_p95_ms == ChosenLimits(everywhere=300.0, by_label={"my-fn:prod": 1_500.0})
    assert options.max_p95_ms.of("my-fn:prod") == 1_500.0
    assert options.max_p95_ms.of("my-fn") == 300.0
    assert options.max_cost_per_day.everywhere == 0.5
    assert options.max_cost_per_day.of("my-fn") == 5.0
    options.max_cost_per_day.check_currency("--max-cost-per-day", "USD")
    with pytest.raises(UsageError, match="--max-cost-per-day is in USD, and AWS charges CNY in this region"):
        options.max_cost_per_day.check_currency("--max-cost-per-day", "CNY")


@pytest.mark.parametrize("text", ["300", "ms", "0ms", "-1s", "300 minutes", "my-fn=", "1e3ms", "9" * 30 + "ms", ""])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse((text,))


@pytest.mark.parametrize("text", ["0usd", "five", "5eur", "-5usd", "$5", ""])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(UsageError, match="is not an amount"):
        parse((), (text,))


def test_a_limit_is_given_once() -> None:
    with pytest.raises(UsageError, match=r"--max-p95 is given twice$"):
        parse(("300ms", "400ms"))
    with pytest.raises(UsageError, match=r"--max-p95 is given twice for 'my-fn'$"):
        parse(("my-fn=300ms", "my-fn=400ms"))


def test_the_region_of_a_topic() -> None:
    assert topic_region("arn:aws-cn:sns:cn-north-1:123456789012:on-call") == "cn-north-1"
    for wrong in ("on-call", "arn:aws:sqs:us-east-1:123456789012:queue", "arn:aws:sns:us-east-1:123456789012:a:b"):
        with pytest.raises(UsageError, match="is not the ARN of an SNS topic"):
            topic_region(wrong)
