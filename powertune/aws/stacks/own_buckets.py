"""Buckets of this account: made private, filled, emptied and deleted. A bucket of another account is never used."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.stacks.caller import Caller
from powertune.errors import AlreadyExists, NotFound, StackFailed

#: CreateBucket takes no location for this region.
_FIRST_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBucket:
    """A bucket by its name. Each call names the account that has to own it, or S3 refuses it."""

    aws: Aws
    name: str
    caller: Caller

    def ensure(self, created: Callable[[str], None], *, protect: bool) -> None:
        """Create it if it does not exist: private, encrypted, for TLS only.

        Args:
            created: told the name as soon as it was created.
            protect: make it so even if it exists: whoever created it may not have come that far.

        Raises:
            AccessDenied: it is another account's, or this identity may not look at it.
        """
        client, owner = self.aws.clients.s3, self.caller.account_id
        try:
            self.aws.call(client.head_bucket, Bucket=self.name, ExpectedBucketOwner=owner)
        except NotFound:
            self._create()
            created(self.name)
            protect = True
        if protect:
            self._protect(owner)

    def _create(self) -> None:
        place: Any = {"LocationConstraint": self.aws.region}
        more: dict[str, Any] = {} if self.aws.region == _FIRST_REGION else {"CreateBucketConfiguration": place}
        with suppress(AlreadyExists):  # our first attempt, whose answer was lost
            self.aws.call(self.aws.clients.s3.create_bucket, Bucket=self.name, **more)

    def _protect(self, owner: str) -> None:
        """Say what are S3's defaults today, and those that are not: an account's rules may ask for it."""
        client = self.aws.clients.s3
        arn = f"arn:{self.caller.partition}:s3:::{self.name}"
        only_tls = {
            "Sid": "OnlyWithTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        self.aws.call(
            client.put_public_access_block,
            Bucket=self.name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            ExpectedBucketOwner=owner,
        )
        self.aws.call(
            client.put_bucket_encryption,
            Bucket=self.name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            ExpectedBucketOwner=owner,
        )
        # Nothing expires by its age: a stack is rolled back to the code that it had before, however old that is.
        self.aws.call(
            client.put_bucket_lifecycle_configuration,
            Bucket=self.name,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "uploads",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
            ExpectedBucketOwner=owner,
        )
        policy = json.dumps({"Version": "2012-10-17", "Statement": [only_tls]})
        self.aws.call(client.put_bucket_policy, Bucket=self.name, Policy=policy, ExpectedBucketOwner=owner)

    def upload(self, key: str, body: bytes) -> bool:
        """Write an object whose key is made of its content. Returns whether it was not there yet."""
        client, owner = self.aws.clients.s3, self.caller.account_id
        try:
            self.aws.call(client.head_object, Bucket=self.name, Key=key, ExpectedBucketOwner=owner)
        except NotFound:
            self.aws.call(client.put_object, Bucket=self.name, Key=key, Body=body, ExpectedBucketOwner=owner)
            return True
        return False

    def delete_objects(self, prefix: str = "") -> int:
        """Delete all objects below a prefix, and all versions of them; returns how many. Fine if there is no bucket.

        Raises:
            StackFailed: S3 keeps some of them, and why.
        """
        client, owner = self.aws.clients.s3, self.caller.account_id
        deleted = 0
        while True:
            try:
                page = self.aws.call(
                    client.list_object_versions, Bucket=self.name, Prefix=prefix, ExpectedBucketOwner=owner
                )
            except NotFound:
                return deleted
            found: Any = [
                {"Key": each["Key"], "VersionId": each["VersionId"]}
                for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            if not found:
                return deleted
            answer = self.aws.call(
                client.delete_objects,
                Bucket=self.name,
                Delete={"Objects": found, "Quiet": True},
                ExpectedBucketOwner=owner,
            )
            for error in answer.get("Errors", ()):
                raise StackFailed(
                    f"cannot delete s3://{self.name}/{error.get('Key')}: {error.get('Message')}",
                    hint=f"aws s3 rb s3://{self.name} --force",
                )
            deleted += len(found)

    def delete(self) -> None:
        """Delete the bucket, which has to be empty; fine if it is gone."""
        with suppress(NotFound):
            self.aws.call(
                self.aws.clients.s3.delete_bucket, Bucket=self.name, ExpectedBucketOwner=self.caller.account_id
            )

    @property
    def empty(self) -> bool:
        """Whether it holds nothing; also if there is no such bucket."""
        try:
            page = self.aws.call(
                self.aws.clients.s3.list_object_versions,
                Bucket=self.name,
                MaxKeys=1,
                ExpectedBucketOwner=self.caller.account_id,
            )
        except NotFound:
            return True
        return not page.get("Versions") and not page.get("DeleteMarkers")
