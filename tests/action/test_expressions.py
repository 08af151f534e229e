from typing import Any

import pytest
from action_expressions import evaluate, resolve

SCOPE = {"failed": True, "inputs": {"a-b": "x", "none": ""}, "steps": {"one": {"outputs": {"n": "10"}}}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inputs.a-b", "x"),
        ("inputs.a-b == 'X'", True),
        ("inputs.none != '' || steps.one.outputs.n", "10"),
        ("steps.two.outputs.n", None),
        ("steps.two.outputs.n == ''", True),
        ("!cancelled() && inputs.none", ""),
        ("always() && (success() || 'it''s')", "it's"),
    ],
)
def test_expressions_mean_what_they_mean_on_github(text: str, value: Any) -> None:
    assert evaluate(text, SCOPE) == value


@pytest.mark.parametrize(
    "text", ["inputs.a-b < 3", "inputs.a-b inputs.none", "fromJSON(inputs.a-b)", "secrets.TOKEN"]
)
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        evaluate(text, SCOPE)


def test_a_text_holds_several_expressions() -> None:
    assert resolve("${{ inputs.a-b }}-${{ success() }}-${{ steps.two.outputs.n }}", SCOPE) == "x-false-"
