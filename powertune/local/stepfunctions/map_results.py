"""What a Distributed Map makes of the results of its child executions, in its output or in S3."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import ClientError


class ResultWriterError(Exception):
    """The results cannot be written: States.ResultWriterFailed."""


class Child(Protocol):
    """A child execution that has ended, or was never started."""

    status: str
    output: str | None

    @property
    def record(self) -> dict[str, Any]:
        """What ResultWriter says of it."""
        ...


def transformed(children: Sequence[Child], kind: str) -> list[Any]:
    """The results as the Transformation says: NONE, COMPACT or FLATTEN. A failed child is always told in full."""
    results: list[Any] = []
    for child in children:
        if kind == "NONE" or child.status != "SUCCEEDED":
            results.append(child.record)
            continue
        output = json.loads(child.output or "null")
        if kind == "FLATTEN" and isinstance(output, list):
            results.extend(output)
        else:
            results.append(output)
    return results


def write(s3: Any, writer: Mapping[str, Any], map_run_arn: str, children: Sequence[Child]) -> dict[str, Any]:
    """Write one file per status and a manifest that names them; returns the output of the state.

    Args:
        s3: a client.
        writer: the evaluated ResultWriter, with Bucket and Prefix in Parameters or Arguments.
        map_run_arn: whose results they are.
        children: all child executions.

    Raises:
        ResultWriterError: S3 refused.
    """
    place = writer.get("Parameters") or writer.get("Arguments") or {}
    config = writer.get("WriterConfig") or {}
    prefix = str(place.get("Prefix") or "").strip("/")
    folder = f"{prefix}/{map_run_arn.rpartition(':')[2]}".lstrip("/")
    lines = config.get("OutputType") == "JSONL"
    files: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    try:
        bucket = place["Bucket"]
        for group, found in files.items():
            mine = [child for child in children if _group(child.status) == group]
            if mine:
                body = _body(transformed(mine, config.get("Transformation", "NONE")), lines)
                key = f"{folder}/{group}_0.{'jsonl' if lines else 'json'}"
                s3.put_object(Bucket=bucket, Key=key, Body=body)
                found.append({"Key": key, "Size": len(body)})
        manifest = {"DestinationBucket": bucket, "MapRunArn": map_run_arn, "ResultFiles": files}
        s3.put_object(Bucket=bucket, Key=f"{folder}/manifest.json", Body=json.dumps(manifest).encode())
    except KeyError as error:
        raise ResultWriterError(f"ResultWriter needs {error}") from error
    except ClientError as error:
        raise ResultWriterError(str(error.response["Error"].get("Message"))) from error
    details = {"Bucket": bucket, "Key": f"{folder}/manifest.json"}
    return {"MapRunArn": map_run_arn, "ResultWriterDetails": details}


def _group(status: str) -> str:
    if status == "SUCCEEDED":
        return "SUCCEEDED"
    return "PENDING" if status == "PENDING" else "FAILED"


def _body(results: Sequence[Any], lines: bool) -> bytes:
    if lines:
        return "".join(f"{json.dumps(result)}\n" for result in results).encode()
    return json.dumps(results).encode()
