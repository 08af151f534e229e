"""The names that belong to a function: its branch, and the marker in its pull request."""

import re

from proposals import ARN

from powertune.autopilot.pull_request import branch_of, marker_of


def test_a_function_has_one_branch_whatever_its_qualifier() -> None:
    assert branch_of(ARN) == branch_of(f"{ARN}:live")
    assert re.fullmatch(r"powertune/orders-[0-9a-f]{8}", branch_of(ARN))
    assert marker_of(f"{ARN}:live") == f"<!-- powertune-autopilot: {ARN} -->"


def test_functions_of_the_same_name_elsewhere_have_others() -> None:
    others = [ARN.replace("us-east-1", "eu-west-1"), ARN.replace("123456789012", "210987654321"), f"{ARN}s"]
    assert len({branch_of(each) for each in (ARN, *others)}) == 4
