"""Creates the bucket that the example writes to. Runs once, against the embedded AWS, before anything is measured."""

import boto3

boto3.client("s3").create_bucket(Bucket="powertune-example")
