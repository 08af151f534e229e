"""SEARCH, as the user guide has it."""

import pytest

from powertune.local.metrics import search
from powertune.local.metrics.model import MetricKey


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CustomCount1", [("CustomCount1", True), ("customcount1", True), ("CustomCount", True), ("Count1", True),
                          ("count", True), ("COUNT", True), ("1", True),
                          ("customcount", False), ("count1", False), ("couNT", False)]),
        ("SDBFailure", [("sdb", True), ("Failure", True), ("sdbf", False)]),
        ("Project2-trial333", [("project", True), ("333", True), ("project2trial333", True), ("trial", True)]),
        ("Network-Errors-2", [("network/errors", True), ("network+errors", True), ("Network_Errors", True)]),
        ("NetworkErrors2", [("network/errors", True), ("network-errors", True), ("Network_Errors", True)]),
    ],
)  # fmt: skip
def test_tokens_of_search_as_the_user_guide_has_them(text: str, found: list[tuple[str, bool]]) -> None:
    for term, expected in found:
        assert search.parse(term)(MetricKey("N", text)) is expected, term


def test_search_expressions() -> None:
    cpu = MetricKey.of("AWS/EC2", "CPUUtilization", {"InstanceType": "t2.micro"})
    bare = MetricKey("AWS/EC2", "CPUUtilization")
    odd = MetricKey.of("My Namespace", "Europe\\France Traffic(Network)", {"Dimension@Name": "x"})
    for text, keys in (
        ('{AWS/EC2,InstanceType} MetricName="CPUUtilization"', [cpu]),
        ('{AWS/EC2}, MetricName="CPUUtilization"', [bare]),
        ("InstanceType=micro", [cpu]),
        ('InstanceType="t2.micro" Namespace="AWS/EC2"', [cpu]),
        ("NOT Namespace=AWS", [odd]),
        ("NOT NOT Namespace=AWS", [cpu, bare]),
        ('"Europe\\\\France Traffic\\(Network\\)"', [odd]),
        ('{"My Namespace", "Dimension@Name"}', [odd]),
        ("(EC2 OR EBS) utilization", [cpu, bare]),
        ('"InstanceType"=("t2.micro" OR "t3.micro")', [cpu]),
    ):
        assert [key for key in (cpu, bare, odd) if search.parse(text)(key)] == keys, text
    wrong = (
        "",
        " ",
        "{",
        "{}",
        "{A",
        "(",
        "a OR",
        "NOT",
        "AND a",
        "a)",
        "=",
        "a=",
        '"a',
        "-",
        "(" * 500 + "a",
        "a " * 600,
    )
    for text in wrong:
        with pytest.raises(search.BadSearch):
            search.parse(text)
