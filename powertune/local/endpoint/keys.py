"""The access keys of one server: its own, its functions', and those that moto's IAM and STS handed out."""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field

_LETTERS = string.ascii_uppercase + "234567"
_ID_LENGTH = 16
_SECRET_BYTES = 30

LOCATION_EXPIRES_S = 600
"""How long a code location can be downloaded: as on Lambda, 10 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """An access key. `token` is set for temporary credentials, and then part of every request."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def random(cls) -> "AccessKey":
        """A long-term key that nobody can guess."""
        return cls(key_id=_key_id("AKIA"), secret=secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def random_temporary(cls) -> "AccessKey":
        """Temporary credentials that nobody can guess, as functions get on Lambda."""
        return cls(
            key_id=_key_id("ASIA"),
            secret=secrets.token_urlsafe(_SECRET_BYTES),
            token=secrets.token_urlsafe(_SECRET_BYTES),
        )


def _key_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))


def none_issued(_key_id: str) -> AccessKey | None:
    """No keys beside the server's own."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """All keys that a server accepts. `issued` looks up those that clients created through IAM and STS."""

    owner: AccessKey = field(default_factory=AccessKey.random)
    functions: AccessKey = field(default_factory=AccessKey.random_temporary)
    issued: Callable[[str], AccessKey | None] = none_issued

    def find(self, key_id: str) -> AccessKey | None:
        """The key of this id, or None."""
        for key in (self.owner, self.functions):
            if secrets.compare_digest(key.key_id.encode(), key_id.encode()):
                return key
        return self.issued(key_id)

    def presign(self, url: str, region: str) -> str:
        """The URL with a signature that permits one to GET it for 10 minutes."""
        from botocore.auth import S3SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest(method="GET", url=url)
        credentials = Credentials(self.owner.key_id, self.owner.secret)
        S3SigV4QueryAuth(credentials, "s3", region, expires=LOCATION_EXPIRES_S).add_auth(request)
        return str(request.url)


def issued_by_moto(key_id: str) -> AccessKey | None:
    """A key that CreateAccessKey or AssumeRole created on this server.

    GetSessionToken and GetFederationToken of moto hand out a published example key. Everybody knows its secret, so it
    is not accepted.
    """
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    for users in list(iam_backends.values()):
        for iam in list(users.values()):
            for user in list(iam.users.values()):
                for key in list(user.access_keys):
                    if key.access_key_id == key_id and key.status == "Active":
                        return AccessKey(key_id=key_id, secret=key.secret_access_key)
    for roles in list(sts_backends.values()):
        for sts in list(roles.values()):
            if (role := sts.get_assumed_role_from_access_key(key_id)) is not None:
                return AccessKey(key_id=key_id, secret=role.secret_access_key, token=role.session_token)
    return None
