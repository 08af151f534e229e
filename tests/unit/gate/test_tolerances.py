"""Tolerances: defaults, what is named, and what does not parse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.config.gate_options import BudgetSetting, GateOptions
from powertune.errors import UsageError
from powertune.gate.model import Level
from powertune.gate.rules import DEFAULT_MOST
from powertune.gate.settings import rules_of
from powertune.gate.tolerances import parse_max_regression, parse_min_effect, parse_tolerances
from powertune.model import Architecture, Usage


def test_without_options_there_are_the_defaults_and_nobody_has_asked() -> None:
    found = parse_tolerances(None, None)
    assert found.most == DEFAULT_MOST
    assert {name: found.of(name) for name in DEFAULT_MOST} == {
        "duration": 0.05,
        "cost": 0.05,
        "init": 0.1,
        "max_memory": 0.05,
        "package_size": 0.05,
    }
    assert not found.asked


def test_what_is_named_overrides_the_default_and_is_asked_for() -> None:
    found = parse_tolerances("duration=2.5%, cost=off", None)
    assert found.of("duration") == pytest.approx(0.025)
    assert found.of("cost") is None
    assert found.of("init") == 0.1
    assert found.asked == {"duration"}


def test_the_larger_of_tolerance_and_smallest_effect_counts() -> None:
    found = parse_tolerances("duration=2%", "duration=3.1%,cost=1%")
    assert found.of("duration") == pytest.approx(0.031)
    assert found.of("cost") == 0.05
    assert parse_tolerances("duration=off", "duration=3%").of("duration") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("duration", "'duration' is not METRIC=SHARE"),
        ("duration=", "'' is not a share"),
        ("duration=5", "'5' is not a share"),
        ("duration=-5%", "'-5%' is not a share"),
        ("duration=nan%", "'nan%' is not a share"),
        ("duration=inf%", "'inf%' is not a share"),
        ("duration=1_0%", "'1_0%' is not a share"),
        ("duration=٣%", "is not a share"),
        ("duration=5000%", "'5000%' is not a share"),
        ("duraton=5%", "unknown metric 'duraton'"),
        ("errors=5%", "unknown metric 'errors'"),
        ("duration=5%,duration=6%", "names duration twice"),
        ("duration=5%,", "is not METRIC=SHARE"),
        ("x" * 2000, "too long"),
    ],
)
def test_what_does_not_parse_is_named(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse_max_regression(text)
    assert caught.value.hint
    with pytest.raises(UsageError, match=words):
        parse_min_effect(text)


def test_a_smallest_effect_cannot_be_off() -> None:
    with pytest.raises(UsageError, match=r"min-effect .*'off' is not a share"):
        parse_min_effect("duration=off")


@given(st.text(max_size=40))
def test_any_text_is_tolerances_or_a_usage_error(text: str) -> None:
    try:
        found = parse_max_regression(text)
    except UsageError:
        return
    assert all(share is None or 0 <= share <= 10 for share in found.values())


def test_options_become_rules() -> None:
    options = GateOptions(
        budgets=("p(95)<300ms",),
        budget=(
            BudgetSetting(check="avg<1s", level="warn", function="orders-*", arch=Architecture.ARM64, memory=512),
        ),
        max_regression="duration=3%",
        invocations_per_month=1e6,
        functions=20,
    )
    found = rules_of(options, Usage(cold_share=0.1))
    assert [budget.text for budget in found.budgets] == ["p(95)<300ms", "avg<1s"]
    assert found.budgets[1].level is Level.WARN
    assert found.budgets[1].scope.function == "orders-*"
    assert found.tolerances.of("duration") == pytest.approx(0.03)
    assert found.usage == Usage(cold_share=0.1, invocations_per_month=1e6)
    assert found.functions == 20
    assert rules_of(GateOptions()).usage == Usage()
