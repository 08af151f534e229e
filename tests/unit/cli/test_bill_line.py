"""What the state machine costs by itself, in one line."""

from dataclasses import replace

from runs import make_fake, plan_for

from powertune.cli.executing import bill_line
from powertune.model import Exploration
from powertune.plan import Plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")


def search() -> Plan:
    made = plan_for(make_fake(), memory=None, invocations=None, environments=None)
    assert isinstance(made.design.search, Exploration)
    unknown = replace(made.design.search, invocations_per_month=None)
    return replace(made, design=replace(made.design, search=unknown))


def test_a_search_is_a_range() -> None:
    assert bill_line(search(), PRICES).startswith("the state machine itself costs usually about $0.00")
    assert ", and at most $0.0" in bill_line(search(), PRICES)
    assert "about 30 to 580 state transitions" in bill_line(search(), PRICES)


def test_a_fixed_list_is_one_figure() -> None:
    line = bill_line(plan_for(make_fake()), PRICES)
    assert line.startswith("the state machine itself costs about $0.00")
    assert "about 17 state transitions, " in line


def test_an_unknown_price_is_said() -> None:
    assert "costs an amount that is not known" in bill_line(search(), replace(PRICES, state_transition=None))
