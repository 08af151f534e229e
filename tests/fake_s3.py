"""Objects in S3, read by bucket and key."""

import io
from typing import Any

from fake_service import Enter, FakeService, client_error


class FakeS3(FakeService):
    """A boto3 S3 client."""

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
