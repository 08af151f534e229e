"""An S3 that remembers buckets, what they are told, and objects; `owners` says whose a bucket is, if not ours."""

import io
import zlib
from typing import Any

from fake_service import Enter, FakeService, client_error

ACCOUNT = "123456789012"


class FakeBuckets(FakeService):
    """A boto3 S3 client over buckets of one account, in pages of two objects."""

    service = "s3"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.meta.endpoint_url = "https://s3.us-east-1.amazonaws.com"
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.settings: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, str] = {}
        self.undeletable: str | None = None

    def head_bucket(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("head_bucket", kwargs)
        if kwargs["Bucket"] in self.owners:
            raise client_error("403", "Forbidden", 403)
        self._bucket(kwargs, "404")
        return {}

    def create_bucket(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("create_bucket", kwargs)
        if kwargs["Bucket"] in self.buckets:
            raise client_error("BucketAlreadyOwnedByYou", "it is yours", 409)
        self.buckets[kwargs["Bucket"]] = {}
        self.settings[kwargs["Bucket"]] = {"create_bucket": kwargs}
        return {}

    def put_public_access_block(self, **kwargs: Any) -> None:
        self._set("put_public_access_block", kwargs)

    def put_bucket_encryption(self, **kwargs: Any) -> None:
        self._set("put_bucket_encryption", kwargs)

    def put_bucket_lifecycle_configuration(self, **kwargs: Any) -> None:
        self._set("put_bucket_lifecycle_configuration", kwargs)

    def put_bucket_policy(self, **kwargs: Any) -> None:
        self._set("put_bucket_policy", kwargs)

    def head_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("head_object", kwargs)
        if kwargs["Key"] not in self._bucket(kwargs, "404"):
            raise client_error("404", "Not Found", 404)
        return {}

    def put_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("put_object", kwargs)
        self._bucket(kwargs, "NoSuchBucket")[kwargs["Key"]] = kwargs["Body"]
        return {}

    def get_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_object", kwargs)
        of_anybody = "ExpectedBucketOwner" not in kwargs
        objects = self.buckets.get(kwargs["Bucket"], {}) if of_anybody else self._bucket(kwargs, "NoSuchBucket")
        if kwargs["Key"] not in objects:
            raise client_error("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": io.BytesIO(objects[kwargs["Key"]])}

    def delete_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_object", kwargs)
        self._bucket(kwargs, "NoSuchBucket").pop(kwargs["Key"], None)
        return {}

    def list_objects_v2(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_objects_v2", kwargs)
        bucket = self._bucket(kwargs, "NoSuchBucket")
        keys = sorted(key for key in bucket if key.startswith(kwargs["Prefix"]))
        start = int(kwargs.get("ContinuationToken", 0))
        more = {"NextContinuationToken": str(start + 2)} if start + 2 < len(keys) else {}
        page = [{"Key": key, "ETag": f'"{zlib.crc32(bucket[key])}"'} for key in keys[start : start + 2]]
        return {"Contents": page, "IsTruncated": bool(more), **more}

    def list_object_versions(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_object_versions", kwargs)
        keys = [key for key in self._bucket(kwargs, "NoSuchBucket") if key.startswith(kwargs.get("Prefix", ""))]
        return {"Versions": [{"Key": key, "VersionId": "null"} for key in keys[:2]]} if keys else {}

    def delete_objects(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_objects", kwargs)
        keys = [each["Key"] for each in kwargs["Delete"]["Objects"]]
        if self.undeletable in keys:
            return {"Errors": [{"Key": self.undeletable, "Message": "Access Denied"}]}
        for key in keys:
            del self._bucket(kwargs, "NoSuchBucket")[key]
        return {}

    def delete_bucket(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_bucket", kwargs)
        if self._bucket(kwargs, "NoSuchBucket"):
            raise client_error("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
        del self.buckets[kwargs["Bucket"]]
        return {}

    def _bucket(self, kwargs: dict[str, Any], missing: str) -> dict[str, bytes]:
        assert kwargs["ExpectedBucketOwner"] == ACCOUNT
        if kwargs["Bucket"] not in self.buckets:
            raise client_error(missing, "Not Found", 404)
        return self.buckets[kwargs["Bucket"]]

    def _set(self, name: str, kwargs: dict[str, Any]) -> None:
        self._enter(name, kwargs)
        self._bucket(kwargs, "NoSuchBucket")
        self.settings[kwargs["Bucket"]][name] = kwargs
