"""The options of the autopilot: the file can narrow what is done, and neither widen it nor raise what is spent."""

from pathlib import Path
from typing import Any

import pytest

from powertune.config.autopilot_options import AutopilotOptions, load_autopilot
from powertune.errors import UsageError


def written(folder: Path, text: str) -> Path:
    (folder / "powertune.toml").write_text(text)
    return folder


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        """
        [autopilot]
        ignore = ["legacy-*"]
        labels = ["costs", "lambda"]
        max_open = 2
        max_functions = 3
        payloads = { "orders-*" = "@events/orders.json", "resize" = { width = 100 } }
        resources = { "orders" = "OrdersFunction" }
        """,
    )
    given = {"monthly_budget": "20usd", "functions": ["orders-*,resize", "x"], "max_open": "7", "labels": None}
    assert load_autopilot(folder, given) == AutopilotOptions(
        monthly_budget=(20.0, "USD"),
        functions=("orders-*", "resize", "x"),
        ignore=("legacy-*",),
        labels=("costs", "lambda"),
        payloads=(("orders-*", "@events/orders.json"), ("resize", '{"width": 100}')),
        resources=(("orders", "OrdersFunction"),),
        max_open=7,
        max_functions=3,
    )


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert load_autopilot(tmp_path, {}) == AutopilotOptions()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('functions = ["*"]', "unknown key 'functions'"),
        ("monthly_budget = 1000", "unknown key 'monthly_budget'"),
        ('state = "s3://theirs"', "unknown key 'state'"),
        ('ignore = "a\\u0000b"', "control characters"),
        ('ignore = ""', "ignore '' names nothing"),
        ("ignore = 3", "ignore 3 is not a list of texts"),
        ('labels = ["--admin"]', "'--admin' is not a label"),
        (f'labels = ["{"x" * 51}"]', "is not a label"),
        ("max_open = 0", "max-open 0 is not a whole number"),
        ('payloads = "@event.json"', "payloads '@event.json' is not a table"),
        ('payloads = { "x" = "@../secret.json" }', "leads out of the folder"),
        ('payloads = { "x" = "file:///etc/passwd" }', "leads out of the folder"),
        ('payloads = { "x" = "@-" }', "payloads cannot come from stdin"),
        ('resources = ["x"]', "is not a table"),
    ],
)
def test_what_a_file_may_not_say_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_autopilot(written(tmp_path, f"[autopilot]\n{text}\n"), {})
    assert message in caught.value.message


@pytest.mark.parametrize("name", ["functions", "ignore", "labels"])
def test_an_option_that_names_nothing_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="names nothing"):
        load_autopilot(tmp_path, {name: [""]})
    # A file may say that there are none.
    assert load_autopilot(written(tmp_path, "[autopilot]\nlabels = []\n"), {}).labels == ()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5usd", (5.0, "USD")),
        ("5", (5.0, "USD")),
        ("0", (0.0, "USD")),
        ("12.50 USD", (12.5, "USD")),
        ("30cny", (30.0, "CNY")),
    ],
)
def test_budgets(tmp_path: Path, text: str, amount: tuple[float, str]) -> None:
    assert load_autopilot(tmp_path, {"monthly_budget": text}).monthly_budget == amount


@pytest.mark.parametrize("text", ["", "-5usd", "5eur", "five", "1e9usd", "nan", "5usd/month", True])
def test_what_is_no_budget_is_refused(tmp_path: Path, text: Any) -> None:
    with pytest.raises(UsageError, match="monthly-budget"):
        load_autopilot(tmp_path, {"monthly_budget": text})


def test_a_function_gets_the_event_of_the_first_pattern_that_matches() -> None:
    options = AutopilotOptions(payloads=(("orders-*", "first"), ("*:eu-west-1:*", "second"), ("*", "last")))
    assert options.payload("orders-eu", "arn:aws:lambda:eu-west-1:1:function:orders-eu") == "first"
    assert options.payload("resize", "arn:aws:lambda:eu-west-1:1:function:resize") == "second"
    assert options.payload("resize", "arn:aws:lambda:us-east-1:1:function:resize") == "last"
    assert AutopilotOptions().payload("resize", "arn") is None
