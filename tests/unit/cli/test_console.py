"""What AWS, or a file, says of a function steers no terminal, wherever a person reads it."""

import pytest
from factories import HOSTILE, make_function

from powertune.cli.console import say
from powertune.cli.tables.plan import plan_text
from powertune.config import RunOptions
from powertune.plan import PriorKnowledge, make_plan
from powertune.prices import PriceTable

hostile = pytest.mark.parametrize("case", [name for name in HOSTILE if name != "long"])


@hostile
def test_a_line_beside_the_data_steers_no_terminal(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"note: {HOSTILE[case]}")
    out, err = capsys.readouterr()
    assert out == ""
    assert all(line.isprintable() for line in err.split("\n"))


def test_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("first\n  second")
    assert capsys.readouterr().err == "first\n  second\n"


@hostile
def test_a_plan_steers_no_terminal(case: str) -> None:
    plan = make_plan(
        RunOptions(memory=(128,)),
        make_function(name=HOSTILE[case], runtime=HOSTILE[case]),
        PriceTable.bundled().region("us-east-1"),
        PriorKnowledge(account_concurrency=1000, average_ms=None),
        run_id="abcd1234",
    )
    assert all(line.isprintable() for line in plan_text(plan).split("\n"))
