"""Fills the bucket that the example reads. Runs once, against the embedded AWS, before anything is measured."""

import boto3

s3 = boto3.client("s3")
s3.create_bucket(Bucket="powertune-example")
for number in range(8):
    s3.put_object(Bucket="powertune-example", Key=f"readings/{number}.csv", Body=b"time,value\n" * 200)
