"""Objects in one S3 bucket: read, written and listed."""

from dataclasses import dataclass
from typing import Any

from powertune.aws.client import Aws
from powertune.errors import NotFound, UsageError
from powertune.units import shown


def parse_uri(uri: str) -> tuple[str, str]:
    """The bucket and the key of `s3://bucket/key`.

    Raises:
        UsageError: it is no such address.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise UsageError(f"{shown(uri)} is not an object in S3", hint="write s3://bucket/key")
    return bucket, key


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """A bucket. S3 is strongly consistent: what was written is what the next reader gets.

    `owner` is the account that the bucket has to belong to, so that nobody else can take its name; None for any.
    """

    aws: Aws
    bucket: str
    owner: str | None = None

    @property
    def _place(self) -> Any:
        owner = {} if self.owner is None else {"ExpectedBucketOwner": self.owner}
        return {"Bucket": self.bucket, **owner}

    def read(self, key: str) -> bytes:
        """What an object holds.

        Raises:
            NotFound: there is no such object, or this identity may not list the bucket and cannot tell.
            AccessDenied, Unavailable: as AWS says.
        """
        client = self.aws.clients.s3

        def read() -> bytes:
            data: bytes = client.get_object(Key=key, **self._place)["Body"].read()
            return data

        return self.aws.request("s3.get_object", read)

    def find(self, key: str) -> bytes | None:
        """What an object holds; None if there is none."""
        try:
            return self.read(key)
        except NotFound:
            return None

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Make an object, or replace it."""
        self.aws.call(self.aws.clients.s3.put_object, Key=key, Body=data, ContentType=content_type, **self._place)

    def create(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Make an object, and replace none. Tried again after an answer was lost, it may refuse its own object.

        Raises:
            AlreadyExists: there is one of this key, or somebody is making one at this moment.
        """
        self.aws.call(
            self.aws.clients.s3.put_object,
            Key=key,
            Body=data,
            ContentType=content_type,
            IfNoneMatch="*",
            **self._place,
        )

    def delete(self, key: str) -> None:
        """Delete an object; fine if there is none."""
        self.aws.call(self.aws.clients.s3.delete_object, Key=key, **self._place)

    def keys(self, prefix: str) -> tuple[str, ...]:
        """The keys that begin with a prefix, in order."""
        return tuple(self.entity_tags(prefix))

    def entity_tags(self, prefix: str) -> dict[str, str]:
        """The keys that begin with a prefix, in order, each with a tag that changes when the object does."""
        found: dict[str, str] = {}
        more: dict[str, Any] = {}
        while True:
            page = self.aws.call(self.aws.clients.s3.list_objects_v2, Prefix=prefix, **more, **self._place)
            found |= {str(item["Key"]): str(item["ETag"]) for item in page.get("Contents", [])}
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def uri(self, key: str) -> str:
        """The object as `s3://bucket/key`."""
        return f"s3://{self.bucket}/{key}"
