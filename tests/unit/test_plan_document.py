"""A plan survives its document, and a document that is not one is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import make_function
from hypothesis import given
from hypothesis import strategies as st
from strategies import advisories, designs, explorations, functions, texts, traffics, workloads

from powertune import documents
from powertune.config import RunOptions
from powertune.config.from_file import Foreign, FromFile
from powertune.errors import UsageError
from powertune.estimate import RunEstimate
from powertune.model import Architecture, Payload, Workload
from powertune.placement import Placement, Share
from powertune.plan import Plan, PriorKnowledge, make_plan, payload_shares
from powertune.plan_document import parse_plan, plan_document
from powertune.prices import PriceTable

TABLE = PriceTable.bundled()
counts = st.integers(0, 10**6)
amounts = st.just(0.0) | st.floats(1e-9, 1e6)
foreign_settings = st.builds(Foreign, key=texts, value=texts, account=st.none() | texts)
names = st.lists(texts, max_size=2).map(tuple)
plans = st.builds(
    Plan,
    run_id=texts,
    function=functions,
    design=designs | st.builds(replace, designs, search=explorations),
    workload=workloads,
    prices=st.sampled_from(["us-east-1", "cn-north-1", "eu-west-1"]).map(TABLE.region),
    max_spend=amounts,
    sleep_s=amounts,
    estimate=st.builds(
        RunEstimate,
        invocations=counts,
        worst_usd=amounts,
        typical_usd=st.none() | amounts,
        typical_s=st.none() | amounts,
        publishing_s=amounts,
    ),
    placement=st.builds(
        Placement,
        isolate=st.booleans(),
        asked=st.booleans(),
        used_by=names,
        unanswered=names,
        settled_by=st.none() | texts,
    ),
    share=st.builds(Share, concurrency=counts, limit=counts, in_use=st.none() | counts, reserved=st.booleans()),
    advisories=advisories,
    traffic=st.none() | traffics,
    image_uris=st.lists(st.tuples(st.sampled_from(Architecture), texts), max_size=1).map(tuple),
    from_file=st.none()
    | st.builds(
        FromFile,
        file=st.sampled_from([Path("powertune.toml"), Path("/srv/pyproject.toml")]),
        settings=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
        foreign=st.lists(st.builds(Foreign, key=texts, value=texts, account=st.none() | texts), max_size=2).map(
            tuple
        ),
    ),
).map(lambda plan: replace(plan, design=replace(plan.design, payloads=payload_shares(plan.workload))))


def made(body: bytes = b'{"secret": 1}') -> Plan:
    return make_plan(
        RunOptions(workload=Workload(payloads=(Payload(body=body),))),
        make_function(),
        TABLE.region("us-east-1"),
        PriorKnowledge(account_concurrency=1000, average_ms=400.0),
        run_id="abcd1234",
    )


@pytest.mark.long
@given(plans)
def test_a_plan_survives_its_document(plan: Plan) -> None:
    again = parse_plan(documents.write(plan_document(plan, payloads=True)))
    assert again == plan
    assert again.prices.as_of == plan.prices.as_of


@pytest.mark.long
@given(plans)
def test_a_plan_without_payloads_is_read_with_them(plan: Plan) -> None:
    assert parse_plan(documents.write(plan_document(plan, payloads=False)), plan.workload) == plan


def test_payloads_are_written_only_when_they_are_asked_for_and_have_to_be_the_same() -> None:
    plan = made()
    data = documents.write(plan_document(plan, payloads=False))
    assert b"secret" not in data
    assert b"c2VjcmV0" not in data
    assert json.loads(data)["workload"] is None
    with pytest.raises(UsageError, match="does not hold its payloads"):
        parse_plan(data)
    with pytest.raises(UsageError, match="not those of the plan"):
        parse_plan(data, made(b"{}").workload)


def without(name: str) -> Callable[[Any], Any]:
    return lambda document: {key: value for key, value in document.items() if key != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document | {"schema": "powertune/plan/2"}, "'powertune/plan/2' was written by a newer"),
        (lambda document: document | {"schema": "powertune/run/1"}, 'not a plan: it has no "schema"'),
        (without("estimate"), "plan is damaged: 'estimate' is missing"),
        (lambda document: document | {"max_spend": "1"}, "max_spend cannot be '1': expected float, got str"),
        (lambda document: document | {"max_spend": -1}, "max_spend cannot be -1"),
        (
            lambda document: document | {"design": document["design"] | {"lanes": 1.5}},
            "design.lanes cannot be 1.5: expected int, got float",
        ),
        (lambda document: [document], "not a plan"),
    ],
)
def test_what_is_no_plan_is_refused(change: Callable[[Any], Any], message: str) -> None:
    document = change(json.loads(documents.write(plan_document(made(), payloads=True))))
    with pytest.raises(UsageError, match=message) as caught:
        parse_plan(json.dumps(document).encode())
    assert caught.value.hint
