"""A scanned place as a document: everything comes back, and what is damaged is refused with its place."""

import json
import types
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from fake_places import scanned_place
from hypothesis import given, settings
from hypothesis import strategies as st
from scanned import PLACE, PRICES, known

from powertune.errors import UsageError
from powertune.figures import range_of
from powertune.scan.coverage import Gap, ScanEffort, ScannedPlace
from powertune.scan.evidence import FunctionEvidence, FunctionLogGroup, MonthlyCost, PlaceEvidence
from powertune.scan.place_document import SCANNED_PLACE, read_scanned_place, write_scanned_place

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


def number(kind: type, name: str) -> st.SearchStrategy[Any]:
    low, high = range_of(name)
    if kind is int:
        return st.integers(int(low), int(min(high, 10**12)))
    return st.floats(max(low, 0.001), min(high, 1e12)) | st.just(float(low))


def every(kind: Any, name: str = "") -> st.SearchStrategy[Any]:
    """All values of a type, as annotations say it: fields that are added later are there, too."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return st.one_of(*(every(each, name) for each in arguments))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(every(arguments[0], name), max_size=2).map(tuple)
        return st.tuples(*(every(each, name) for each in arguments))
    if kind is bool:
        return st.booleans()
    if kind in (int, float):
        return number(kind, name)
    if kind is str:
        return TEXT
    if kind is type(None):
        return st.none()
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    assert isinstance(kind, type)
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: every(hints[f.name], f.name) for f in fields(kind)})


GROUPS = st.none() | st.lists(every(FunctionLogGroup), max_size=2).map(lambda gs: {each.name: each for each in gs})
EVIDENCE = st.builds(
    PlaceEvidence,
    place=st.just(PLACE),
    now=st.floats(1, 4e9),
    days=st.floats(1, 90),
    functions=st.lists(every(FunctionEvidence), max_size=2).map(tuple),
    prices=st.just(PRICES),
    log_groups=GROUPS,
)
SCANNED = st.builds(
    ScannedPlace,
    evidence=EVIDENCE,
    gaps=st.lists(every(Gap), max_size=2).map(tuple),
    effort=every(ScanEffort),
)


@given(SCANNED, st.lists(TEXT, max_size=2).map(tuple))
@settings(max_examples=50)
def test_everything_that_was_read_comes_back(scanned: ScannedPlace, asked: tuple[str, ...]) -> None:
    data = write_scanned_place(scanned, asked)
    again = read_scanned_place(data, lambda region: PRICES if region == "us-east-1" else None)
    assert again == (scanned, asked)
    # The name of an account makes no difference to whether places are equal.
    assert [each.place.account_name for each in again[0].gaps] == [each.place.account_name for each in scanned.gaps]
    assert write_scanned_place(again[0], asked) == data


def test_prices_are_not_written_but_looked_up() -> None:
    place = scanned_place(PLACE)
    with_prices = replace(place, evidence=replace(place.evidence, prices=PRICES))
    assert write_scanned_place(with_prices) == write_scanned_place(place)
    assert read_scanned_place(write_scanned_place(with_prices), lambda region: None)[0].evidence.prices is None


def test_what_costs_next_to_nothing_costs_nothing() -> None:
    """A millisecond of a megabyte of ephemeral storage; a document takes such figures for damage."""
    function = known(cost=MonthlyCost(compute=1e-9, requests=2e-7, ephemeral_storage=3e-14))
    place = scanned_place(PLACE)
    data = write_scanned_place(replace(place, evidence=replace(place.evidence, functions=(function,))))
    (again,) = read_scanned_place(data, lambda region: None)[0].evidence.functions
    assert again.cost == MonthlyCost(compute=1e-9, requests=2e-7, ephemeral_storage=0.0)


def document() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(write_scanned_place(scanned_place(PLACE)))
    return written


def test_what_is_read_by_others_stays_where_it_is() -> None:
    written = document()
    assert list(written) == [
        *("schema", "place", "now", "days", "functions", "log_groups", "gaps", "effort", "asked"),
    ]
    assert written["schema"] == SCANNED_PLACE.header == "powertune/scanned-place/1"
    assert written["place"] == {"account_id": "123456789012", "region": "us-east-1", "account_name": ""}
    assert written["functions"][0]["function"]["memory_mb"] == 1024
    assert written["log_groups"] is None


def damaged(**changes: Any) -> bytes:
    return json.dumps({**document(), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a scanned place"),
        (b"[]", "not a scanned place"),
        (b'{"schema": "powertune/run/1"}', "not a scanned place"),
        (damaged(schema="powertune/scanned-place/2"), "was written by a newer powertune"),
        (damaged(days="14"), "days cannot be '14'"),
        (damaged(days=-1), "days cannot be -1"),
        (damaged(functions={}), "functions cannot be {}"),
        (
            damaged(gaps=[{"place": {"account_id": "1", "region": "r"}, "what": ""}]),
            r"gaps\[0\]: 'reason' is missing",
        ),
        (write_scanned_place(scanned_place(PLACE))[:-20], "cut off"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_what_is_damaged_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_scanned_place(data, lambda region: None)
