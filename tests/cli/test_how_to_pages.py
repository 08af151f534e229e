"""The Python in the how-to about the embedded AWS does what the page says."""

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "embedded-aws.md"


def test_the_example_for_boto3_creates_and_invokes_a_function(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    [example] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    try:
        exec(compile(example, str(PAGE), "exec"), {})
        assert capsys.readouterr().out == "{'sum': 6}\n"
    finally:
        client.delete_function(FunctionName="adder")
