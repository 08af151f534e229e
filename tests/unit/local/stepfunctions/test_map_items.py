"""The items of a Distributed Map: read, batched, tolerated."""

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from strategies import documents

from powertune.local.stepfunctions import map_items
from powertune.local.stepfunctions.map_run import Tolerance
from powertune.local.stepfunctions.sizes import MAX_BYTES, json_bytes


@pytest.mark.long
@given(st.lists(documents, max_size=40), st.integers(0, 5), st.integers(0, 200), st.none() | documents)
def test_batches_hold_all_items_in_order_within_both_limits(
    items: list[Any], most: int, size: int, shared: Any
) -> None:
    batcher = {"MaxItemsPerBatch": most, "MaxInputBytesPerBatch": size}
    if shared is not None:
        batcher["BatchInput"] = shared
    if not (most or size):
        with pytest.raises(ValueError, match="ItemBatcher"):
            map_items.batches(items, batcher)
        return
    made = map_items.batches(items, batcher)
    assert [item for batch in made for item in batch["Items"]] == items
    for batch in made:
        assert 0 < len(batch["Items"]) <= (most or len(items))
        assert batch.get("BatchInput") == shared
        assert len(batch["Items"]) == 1 or json_bytes(batch) <= min(size or MAX_BYTES, MAX_BYTES)


@dataclass
class FakeS3:
    """A bucket with objects by key."""

    objects: dict[str, bytes]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - as S3 has them
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": f"no {Key} in {Bucket}"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}


def _read(content: str | bytes, key: str = "items", /, **config: Any) -> Any:
    s3 = FakeS3({key: content.encode() if isinstance(content, str) else content})
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key": key},
        "ReaderConfig": config,
    }
    return map_items.read(s3, reader)


@pytest.mark.long
@given(st.lists(documents, max_size=10), st.integers(0, 5))
def test_items_of_json_and_json_lines(items: list[Any], most: int) -> None:
    expected = items[:most] if most else items
    lines = "\n".join(json.dumps(item) for item in items)
    assert _read(lines, InputType="JSONL", MaxItems=most) == expected
    inside = json.dumps({"a/b": {"c": items}})
    assert _read(inside, InputType="JSON", ItemsPointer="/a~1b/c", MaxItems=most) == expected


def test_items_of_tables() -> None:
    assert _read('\ufeffa,b\n1,"x, y"\n\n2\n', InputType="CSV") == [{"a": "1", "b": "x, y"}, {"a": "2", "b": ""}]
    given: dict[str, Any] = {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "CSVDelimiter": "PIPE"}
    assert _read("1|2\n", "items", InputType="CSV", **given) == [{"a": "1"}]


@pytest.mark.parametrize(
    ("content", "config", "told"),
    [
        ("{", {}, "Expecting"),
        ('{"a": 1}', {}, "non-iterable"),
        ("{}", {"ItemsPointer": "/a"}, "a"),
        ("a,a\n1,2\n", {"InputType": "CSV"}, "duplicates"),
        ('{"fileFormat": "ORC"}', {"InputType": "MANIFEST"}, "ORC"),
        (b"\xff", {}, "decode"),
    ],
)
def test_items_that_cannot_be_read(content: str | bytes, config: dict[str, Any], told: str) -> None:
    with pytest.raises(map_items.ItemReaderError, match=told):
        _read(content, "items", **config)
    with pytest.raises(map_items.ItemReaderError):
        _read(b"no gzip", "items.json.gz")


@given(st.integers(0, 10), st.integers(0, 10), st.none() | st.integers(0, 10), st.none() | st.integers(0, 100))
def test_tolerances(failed: int, more: int, count: int | None, percentage: int | None) -> None:
    total = failed + more
    exceeded = Tolerance(count=count, percentage=percentage).exceeded(failed, total)
    allowed = [] if count is None else [count]
    if percentage is not None:
        allowed.append(total * percentage // 100)
    assert exceeded == (failed > min(allowed, default=0))
