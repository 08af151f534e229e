"""Mixed: computes, then waits, and says how long each phase took: the classic Lambda benchmark handler."""

import os
import time
from typing import Any

import boto3

s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    started = time.perf_counter()
    total = 0
    for number in range(int(event["loops"])):
        total += number * number
    computed = time.perf_counter()
    for _ in range(int(event["writes"])):
        s3.put_object(Bucket=os.environ["BUCKET"], Key="result.txt", Body=str(total).encode())
    written = time.perf_counter()
    return {"cpu_ms": 1000 * (computed - started), "io_ms": 1000 * (written - computed), "total": total}
