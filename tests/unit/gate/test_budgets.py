"""Budgets: what parses, to what, and what errors point at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.errors import UsageError
from powertune.gate.budgets import parse_budget
from powertune.gate.gated_metrics import METRICS
from powertune.gate.model import Level
from powertune.gate.rules import BudgetScope, GateBudget
from powertune.model import Architecture

GRAMMAR = "pavgmedinx.(95){}<=>! 0123456789%sukmbcrton/1M:,-_é\n\0٣"


def parsed(text: str) -> dict[str, Any]:
    budget = parse_budget(text)
    return {name: getattr(budget, name) for name in ("metric", "aggregation", "quantile", "limit", "strict")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p(95)<300ms", ("duration", "p", 0.95, 300.0, True)),
        ("duration.p(95)<0.3s", ("duration", "p", 0.95, 300.0, True)),
        ("p(99.9) <= 300 ms", ("duration", "p", 0.999, 300.0, False)),
        ("avg<120ms", ("duration", "avg", None, 120.0, True)),
        ("med<=1s", ("duration", "med", 0.5, 1000.0, False)),
        ("min<1ms", ("duration", "min", None, 1.0, True)),
        ("max<3s", ("duration", "max", None, 3000.0, True)),
        ("init.p(95)<800ms", ("init", "p", 0.95, 800.0, True)),
        ("init.avg<1s", ("init", "avg", None, 1000.0, True)),
        ("cost<5usd/1M", ("cost", "", None, 5.0, True)),
        ("cost <= 5 USD / 1M", ("cost", "", None, 5.0, False)),
        ("max_memory<80%", ("max_memory", "", None, 80.0, True)),
        ("max_memory<400MB", ("max_memory", "", None, 400.0, True)),
        ("package_size<50MB", ("package_size", "", None, 50.0, True)),
        ("package_size<512KB", ("package_size", "", None, 0.5, True)),
        ("errors<1%", ("errors", "", None, 1.0, True)),
        ("errors<=0%", ("errors", "", None, 0.0, False)),
    ],
)
def test_a_budget_is_read(text: str, expected: tuple[object, ...]) -> None:
    assert tuple(parsed(text).values()) == expected


def test_tags_say_what_a_budget_is_for() -> None:
    text = "p(95){function:orders-*, arch:arm64, memory:512, level:warn}<300ms"
    assert parse_budget(text) == GateBudget(
        text=text,
        metric="duration",
        aggregation="p",
        quantile=0.95,
        limit=300.0,
        strict=True,
        level=Level.WARN,
        scope=BudgetScope(function="orders-*", architecture=Architecture.ARM64, memory_mb=512),
    )


def test_tags_override_what_is_given_beside() -> None:
    scope = BudgetScope(function="a", memory_mb=128)
    budget = parse_budget("avg{memory:1024MB}<1s", Level.WARN, scope)
    assert budget.level is Level.WARN
    assert budget.scope == BudgetScope(function="a", memory_mb=1024)


def test_a_share_of_the_memory_size_and_a_currency_are_kept() -> None:
    assert parse_budget("max_memory<80%").of_memory_size
    assert not parse_budget("max_memory<80MB").of_memory_size
    assert parse_budget("cost<35cny/1M").currency == "CNY"


@pytest.mark.parametrize(
    ("text", "expected", "at", "hint"),
    [
        ("", "a metric", 1, "p(95)"),
        ("p95<300ms", "a metric", 1, 'write "p(95)"'),
        ("durations.p(95)<1s", "a metric", 1, "did you mean duration?"),
        ("duration<300ms", "'.' and one of", 9, 'write "duration.p(95)'),
        ("duration.mean<300ms", "an aggregation", 10, "avg"),
        ("init.p95<1s", "an aggregation", 6, 'write "p(95)"'),
        ("p<300ms", "a percentile", 2, "p(95)"),
        ("p(0)<300ms", "a percentile between", 3, "max"),
        ("p(100)<300ms", "a percentile between", 3, "max"),
        ("p(95<300ms", "a percentile", 2, "p(95)"),
        ("cost.avg<5usd/1M", "no '.'", 5, 'write "cost<'),
        ("p(95)>300ms", "'<' or '<='", 6, "upper limit"),
        ("p(95)=300ms", "'<' or '<='", 6, "upper limit"),
        ("p(95)==300ms", "'<' or '<='", 6, "upper limit"),
        ("p(95) 300ms", "'<' or '<='", 7, "upper limit"),
        ("p(95)<300", "a unit: ms, s", 10, 'write "p(95)<300ms"'),
        ("p(95)<300MB", "a unit of duration", 10, "p(95)"),
        ("package_size<80%", "a unit of package_size", 16, ""),
        ("cost<5", "a unit: usd/1M, cny/1M", 7, 'write "cost<5usd/1M"'),
        ("cost<5usd", "a unit of cost", 7, ""),
        ("cost<5eur/1M", "a unit of cost", 7, ""),
        ("p(95)<-300ms", "a number without a sign", 7, ""),
        ("p(95)<nanms", "a number", 7, ""),
        ("p(95)<1e3ms", "a unit of duration", 8, ""),
        ("p(95)<9999999999999999ms", "a number", 7, ""),
        ("p(95)<999999999999999s", "a limit from", 7, ""),
        ("p(95)<0.0000000000001ms", "a number", 7, ""),
        ("max_memory<101%", "at most 100 %", 12, ""),
        ("errors<0%", "a limit above 0", 8, "write <="),
        ("errors<101%", "at most 100 %", 8, ""),
        ("p(95)<300ms and more", "nothing more", 13, ""),
        ("p(95){}<1s", "one of function", 7, ""),
        ("p(95){region:x}<1s", "a tag", 7, "one of function"),
        ("p(95){functoin:x}<1s", "a tag", 7, "did you mean function?"),
        ("p(95){function}<1s", "':'", 15, ""),
        ("p(95){function:}<1s", "a value for function", 16, ""),
        ("p(95){function:a,function:b}<1s", "function only once", 27, ""),
        ("p(95){memory:64}<1s", "a memory size from 128", 14, ""),
        ("p(95){memory:512,memory:512}<1s", "memory only once", 25, ""),
        ("p(95){arch:arm}<1s", "an architecture", 12, "did you mean arm64?"),
        ("p(95){level:fatal}<1s", "a level", 13, "error"),
        ("p(95){function:a<1s", "',' or '}'", 20, ""),
    ],
)
def test_an_error_points_at_the_character(text: str, expected: str, at: int, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_budget(text)
    assert f"expected {expected}" in caught.value.message
    assert caught.value.message.endswith(f"at character {at}")
    assert hint in str(caught.value.hint)


def test_a_text_that_is_no_budget_is_not_repeated_at_length() -> None:
    with pytest.raises(UsageError, match="too long") as caught:
        parse_budget("p(95)<" + "3" * 100_000 + "ms")
    assert len(str(caught.value)) < 400


@given(st.text(st.sampled_from(GRAMMAR), max_size=30) | st.text(max_size=30))
def test_any_text_is_a_budget_or_a_usage_error(text: str) -> None:
    try:
        budget = parse_budget(text)
    except UsageError:
        return
    assert budget.metric in METRICS
    assert 0 <= budget.limit <= 1e15
    assert parse_budget(budget.text) == budget
