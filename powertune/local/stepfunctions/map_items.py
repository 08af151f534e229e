"""The items of a Distributed Map: from S3 or from the state's input, and in batches if asked for."""

import csv
import gzip
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from powertune.local.stepfunctions.sizes import MAX_BYTES, json_bytes

_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


class ItemReaderError(Exception):
    """The items cannot be read: States.ItemReaderFailed."""


def read(s3: Any, reader: Mapping[str, Any]) -> list[Any]:
    """The items that an ItemReader means.

    Args:
        s3: a client.
        reader: the evaluated field, with Resource, Parameters or Arguments, and ReaderConfig.

    Raises:
        ItemReaderError: an object is missing, or is not what ReaderConfig says.
    """
    config = reader.get("ReaderConfig") or {}
    place = reader.get("Parameters") or reader.get("Arguments") or {}
    try:
        items = (
            _objects(s3, place)
            if str(reader["Resource"]).endswith(":listObjectsV2")
            else _in_object(s3, place, config)
        )
        limit = config.get("MaxItems")
        return list(itertools.islice(items, int(limit) or None) if limit is not None else items)
    except ClientError as error:
        raise ItemReaderError(f"{error.response['Error'].get('Message')}") from error
    except (ValueError, KeyError, EOFError, OSError) as error:
        raise ItemReaderError(str(error)) from error


def _objects(s3: Any, place: Mapping[str, Any]) -> Iterator[Any]:
    """What ListObjectsV2 finds, all pages of it."""
    for page in s3.get_paginator("list_objects_v2").paginate(**place):
        for found in page.get("Contents", ()):
            yield {
                "Etag": found["ETag"],
                "Key": found["Key"],
                "LastModified": int(found["LastModified"].timestamp()),
                "Size": found["Size"],
                "StorageClass": found.get("StorageClass", "STANDARD"),
            }


def _in_object(s3: Any, place: Mapping[str, Any], config: Mapping[str, Any]) -> Iterable[Any]:
    content = _content(s3, place)
    kind = config.get("InputType")
    if kind == "MANIFEST":
        return _inventory(s3, json.loads(content))
    text = content.decode("utf-8-sig")
    if kind == "CSV":
        return _rows(text, config)
    if kind == "JSONL":
        return (json.loads(line) for line in text.splitlines() if line.strip())
    return _array(json.loads(text), config.get("ItemsPointer", ""))


def _content(s3: Any, place: Mapping[str, Any]) -> bytes:
    body: bytes = s3.get_object(**place)["Body"].read()
    return gzip.decompress(body) if str(place.get("Key", "")).endswith(".gz") else body


def _array(document: Any, pointer: str) -> list[Any]:
    for name in pointer.split("/")[1:]:
        document = document[name.replace("~1", "/").replace("~0", "~")]
    if not isinstance(document, list):
        raise ItemReaderError("Attempting to map over non-iterable node.")
    return document


def _rows(text: str, config: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    given = config.get("CSVHeaderLocation", "FIRST_ROW") == "GIVEN"
    headers: Sequence[str] = config["CSVHeaders"] if given else next(rows, [])
    if len(set(headers)) < len(headers):
        raise ItemReaderError("CSV headers cannot contain duplicates.")
    for row in rows:
        if row:
            yield dict(zip(headers, itertools.chain(row, itertools.repeat("")), strict=False))


def _inventory(s3: Any, manifest: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The objects that an S3 inventory lists in CSV files."""
    if manifest.get("fileFormat") != "CSV":
        raise ItemReaderError(f"The file format {manifest.get('fileFormat')!r} of a manifest is not supported here")
    bucket = str(manifest["destinationBucket"]).rpartition(":")[2]
    headers = [name.strip() for name in str(manifest["fileSchema"]).split(",")]
    for file in manifest["files"]:
        text = _content(s3, {"Bucket": bucket, "Key": file["key"]}).decode()
        for row in csv.reader(io.StringIO(text, newline="")):
            yield dict(zip(headers, row, strict=False))


def batches(items: Sequence[Any], batcher: Mapping[str, Any]) -> list[Any]:
    """The inputs of child executions: the items by as many as fit.

    Args:
        items: what the reader gave, or what the selector made of it.
        batcher: the evaluated ItemBatcher.

    Raises:
        ValueError: neither of the limits is a positive number.
    """
    most = int(batcher.get("MaxItemsPerBatch") or 0)
    size = int(batcher.get("MaxInputBytesPerBatch") or 0)
    if most < 0 or size < 0 or not (most or size):
        raise ValueError("ItemBatcher needs a positive MaxItemsPerBatch or MaxInputBytesPerBatch")
    limit = min(size or MAX_BYTES, MAX_BYTES)
    shared = {"BatchInput": batcher["BatchInput"]} if "BatchInput" in batcher else {}
    made: list[list[Any]] = []
    empty = json_bytes({**shared, "Items": []})
    filled = limit + 1
    for item in items:
        more = json_bytes(item) + 1
        if not made or len(made[-1]) == most or filled + more > limit:
            made.append([])
            filled = empty
        made[-1].append(item)
        filled += more
    return [{**shared, "Items": batch} for batch in made]
