"""Objects in S3, read, written and listed by bucket and key."""

import hashlib
import io
from typing import Any

from fake_service import Enter, FakeService, client_error


class FakeS3(FakeService):
    """A boto3 S3 client. A listing has one object a page, so that whoever reads only the first page is found out."""

    service = "s3"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.objects: dict[tuple[str, str], bytes] = {}

    def get_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_object", kwargs)
        key = (kwargs["Bucket"], kwargs["Key"])
        if key not in self.objects:
            raise client_error("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": io.BytesIO(self.objects[key])}

    def put_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("put_object", kwargs)
        if kwargs.get("IfNoneMatch") == "*" and (kwargs["Bucket"], kwargs["Key"]) in self.objects:
            raise client_error("PreconditionFailed", "At least one of the pre-conditions did not hold", 412)
        self.objects[kwargs["Bucket"], kwargs["Key"]] = bytes(kwargs["Body"])
        return {}

    def delete_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_object", kwargs)
        self.objects.pop((kwargs["Bucket"], kwargs["Key"]), None)
        return {}

    def list_objects_v2(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_objects_v2", kwargs)
        bucket, prefix = kwargs["Bucket"], kwargs["Prefix"]
        keys = sorted(key for at, key in self.objects if at == bucket and key.startswith(prefix))
        at = int(kwargs.get("ContinuationToken", 0))
        page: dict[str, Any] = {"IsTruncated": at + 1 < len(keys), "NextContinuationToken": str(at + 1)}
        if keys:
            tag = hashlib.sha256(self.objects[bucket, keys[at]]).hexdigest()
            page["Contents"] = [{"Key": keys[at], "ETag": f'"{tag}"'}]
        return page
