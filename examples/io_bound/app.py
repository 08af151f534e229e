"""I/O-bound: lists a bucket and reads every object, one after the other, waiting for S3 most of the time."""

import os
from typing import Any

import boto3

s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    listing = s3.list_objects_v2(Bucket=os.environ["BUCKET"], Prefix=event["prefix"])
    size = 0
    for item in listing["Contents"]:
        size += len(s3.get_object(Bucket=os.environ["BUCKET"], Key=item["Key"])["Body"].read())
    return {"objects": listing["KeyCount"], "bytes": size}
