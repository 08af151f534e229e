"""What a target of an EventBridge rule is sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.events.event_input import filled, text_for, value_at

EVENT = {
    "id": "1",
    "time": 1551210141.5,
    "ingestion-time": 1551210142,
    "resources": ["a", "b"],
    "detail-type": "Thing",
    "detail": {"state": 'is "on"', "n": 1, "list": [{"x": 1}, {"x": 2}]},
}


def _text(**target: Any) -> str:
    return text_for(target, EVENT, "rule", "arn:rule")


def test_the_event_is_sent_without_what_is_only_known_here() -> None:
    sent = json.loads(_text())
    assert (sent["time"], "ingestion-time" in sent, sent["detail"]["n"]) == ("2019-02-26T19:42:21Z", False, 1)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", "Thing"),
        ("$.detail-type", "Thing"),
        ("$.detail.list[1].x", 2),
        ("$.detail.list[*].x", [1, 2]),
        ("$.resources[0]", "a"),
        ("$.none[*]", []),
    ],
)
def test_paths(path: str, expected: Any) -> None:
    found = value_at(EVENT, path)
    assert (found["detail-type"] if path == "$" else found) == expected


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("", ValueError),
        ("detail", ValueError),
        ("$detail", ValueError),
        ("$.a[?(@.b)]", ValueError),
        ("$.none", LookupError),
        ("$.resources[2]", LookupError),
        ("$.detail.n.x", LookupError),
    ],
)
def test_paths_that_lead_nowhere(path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        value_at(EVENT, path)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"s": <s>, "n": <n>, "l": <l>}', {"s": 'is "on"', "n": 1, "l": [{"x": 1}, {"x": 2}]}),
        ('{"s": "it <s> <n> <l>"}', {"s": 'it is "on" 1 [{"x": 1}, {"x": 2}]'}),
        ('"<s>"', 'is "on"'),
        ('{"quoted \\" <n>": <n>}', {'quoted " 1': 1}),
        ('{"a": <missing>, "b": "<missing>"}', {"a": "", "b": ""}),
        ('"<aws.events.rule-name> <aws.events.rule-arn> <aws.events.event.ingestion-time>"',
         "rule arn:rule 2019-02-26T19:42:22Z"),
    ],
)  # fmt: skip
def test_templates(template: str, expected: Any) -> None:
    paths = {"s": "$.detail.state", "n": "$.detail.n", "l": "$.detail.list", "missing": "$.none"}
    assert json.loads(_text(InputTransformer={"InputPathsMap": paths, "InputTemplate": template})) == expected


def test_the_whole_event_in_a_template() -> None:
    template = '{"all": <aws.events.event.json>, "bare": <aws.events.event>}'
    sent = json.loads(_text(InputTransformer={"InputTemplate": template}))
    assert sent["all"] == json.loads(_text())
    assert sent["bare"] == {name: value for name, value in sent["all"].items() if name != "detail"}


@pytest.mark.long
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_filled_in_stays_json(value: Any) -> None:
    found = json.loads(filled('{"plain": <v>, "text": "a <v> b", "end": "\\\\"}', {"v": value}))
    assert found["plain"] == value
    assert found["text"] == f"a {value if isinstance(value, str) else json.dumps(value)} b"
