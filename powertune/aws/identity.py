"""Who we are to AWS: signing in, when that ends, and signing in anew when it has ended in the middle of a run."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from powertune.model import Advisory
from powertune.units import format_seconds

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.credentials import Credentials
    from botocore.loaders import Loader
    from botocore.session import Session as BotocoreSession

_PERSONAL = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
#: Where tools that write temporary keys into a profile note their end: saml2aws and others, okta tools, aws-mfa.
_ENDS = ("x_security_token_expires", "aws_expiration", "expiration")
#: The code of the advisory that a session ends too early.
SESSION_ENDS = "credentials-end"
#: How long a run whose duration is not known beforehand may take, and how long undoing it.
_UNKNOWN_RUN_S, _UNDOING_S = 900.0, 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """Where to find AWS, as options and environment say; None leaves it to boto3."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None


def sign_in(place: ConnectionOptions) -> "Session":
    """A session with the credentials of a place: its own, else those of the default chain.

    A region that was not given is that of AWS_REGION, as with AWS's other tools; boto3 itself reads only
    AWS_DEFAULT_REGION and the profile.

    Raises:
        BotoCoreError: an unknown profile, or a configuration that cannot be read.
    """
    import boto3

    inner = _inner(place)
    session = boto3.Session(
        profile_name=place.profile,
        region_name=place.region or os.environ.get("AWS_REGION") or None,
        aws_access_key_id=place.access_key,
        aws_secret_access_key=place.secret_key,
        botocore_session=inner,
    )
    found = session.get_credentials()
    if found is not None and found.method == "env" and os.environ.get("AWS_CREDENTIAL_EXPIRATION"):
        # botocore would refresh them from the same variables, and fail with a RuntimeError once they have expired.
        token = os.environ.get("AWS_SECURITY_TOKEN") or os.environ.get("AWS_SESSION_TOKEN") or ""
        inner.set_credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], token)
    return session


def signed_by(place: ConnectionOptions, credentials: "Credentials") -> "Session":
    """A session at a place that signs with these credentials, and none of its own.

    Raises:
        BotoCoreError: an unknown profile, or a configuration that cannot be read.
    """
    import boto3

    inner = _inner(place)
    inner.register_component("credential_provider", _Given(credentials))
    return boto3.Session(profile_name=place.profile, region_name=place.region, botocore_session=inner)


class _Given:
    """What botocore asks for credentials."""

    def __init__(self, credentials: "Credentials") -> None:
        self._credentials = credentials

    def load_credentials(self) -> "Credentials":
        """What was given."""
        return self._credentials


def _inner(place: ConnectionOptions) -> "BotocoreSession":
    """botocore's part of a session."""
    import botocore.session

    # With keys of its own, as for the embedded AWS, a place needs nothing of the person's configuration.
    nothing = {name: (None, None, file, None) for name, file in _PERSONAL.items()} if place.access_key else None
    inner = botocore.session.Session(session_vars=nothing)
    # Opt-in regions refuse what STS's global endpoint hands out, which an old configuration may ask for.
    inner.set_config_variable("sts_regional_endpoints", "regional")
    inner.register_component("data_loader", _loader(inner.get_config_variable("data_path")))
    return inner


@cache
def _loader(data_path: str | None) -> "Loader":
    """What reads the models of services, once for all sessions: a scan has one for each account and region."""
    from botocore.loaders import Loader, create_loader

    paths = _EachOnce(create_loader(data_path).search_paths)
    return Loader(extra_search_paths=paths, include_default_search_paths=False)


class _EachOnce(list[str]):
    """The folders of models. Every session of boto3's appends the same one."""

    def append(self, path: str, /) -> None:
        """Append a folder, unless it is there."""
        if path not in self:
            super().append(path)


class Identity(Protocol):
    """What signs calls."""

    def current(self) -> object:
        """A token of what signs at this moment."""
        ...

    def renew(self, refused: object) -> bool:
        """Whether something else signs now than what was refused, after signing in anew where necessary."""
        ...


class Unchanging:
    """An identity that is what it is."""

    def current(self) -> object:
        """Always the same."""
        return None

    def renew(self, refused: object) -> bool:
        """Never anything else."""
        return self.current() is not refused


class SessionIdentity:
    """The credentials of a session. Those that renew themselves are left to botocore.

    Static ones, once AWS refuses them, are looked up anew along the same chain: somebody may have signed in again in
    the meantime, or a process hands out others. The clients of the session then sign with these.

    Args:
        again: a new session at the same place.
    """

    def __init__(self, session: "Session", again: Callable[[], "Session"]) -> None:
        self._session = session
        self._again = again
        self._lock = Lock()

    def current(self) -> object:
        """The keys, without the secret."""
        from botocore.credentials import RefreshableCredentials

        found = self._session.get_credentials()
        if found is None or isinstance(found, RefreshableCredentials):
            return None
        return found.access_key, found.token or ""

    def renew(self, refused: object) -> bool:
        """Look credentials up anew, unless another thread has done so since the refused call was signed."""
        from botocore.exceptions import BotoCoreError

        with self._lock:
            mine = self._session.get_credentials()
            if refused is None or mine is None or self.current() is None:
                return False
            if self.current() != refused:
                return True
            try:
                fresh = self._again().get_credentials()
                keys = None if fresh is None else fresh.get_frozen_credentials()
            except BotoCoreError:
                return False
            if keys is None or (keys.access_key, keys.token or "") == refused:
                return False
            # In this order, a call that is signed in between is refused as the old keys are, and asks here again.
            mine.secret_key, mine.token, mine.access_key = (
                str(keys.secret_key),
                keys.token or "",
                str(keys.access_key),
            )
            return True


def ends_at(session: "Session", environment: Mapping[str, str]) -> float | None:
    """When the credentials end, in seconds since the epoch; None if they do not, renew themselves, or do not say."""
    found: Any = session.get_credentials()
    if found is None:
        return None
    profile: Mapping[str, Any] = session._session.full_config.get("profiles", {}).get(session.profile_name, {})
    noted: str | None = None
    if found.method == "explicit":
        noted = environment.get("AWS_CREDENTIAL_EXPIRATION")
    elif found.method in ("shared-credentials-file", "config-file"):
        noted = next((str(profile[key]) for key in _ENDS if key in profile), None)
    elif found.method == "assume-role" and "mfa_serial" in profile:
        # A code is asked for once; botocore does not ask again.
        end: datetime | None = getattr(found, "_expiry_time", None)
        return None if end is None else end.timestamp()
    elif found.method == "sso":
        noted = _sso_end(profile)
    return None if noted is None else _moment(noted)


def _sso_end(profile: Mapping[str, Any]) -> str | None:
    """Until when the sign-in hands out credentials; one with a refresh token renews itself."""
    name = profile.get("sso_session") or profile.get("sso_start_url")
    if name is None:
        return None
    key = hashlib.sha1(str(name).encode(), usedforsecurity=False).hexdigest()
    try:
        token = json.loads((Path.home() / ".aws" / "sso" / "cache" / f"{key}.json").read_text(encoding="utf-8"))
        return None if "refreshToken" in token else str(token["expiresAt"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _moment(text: str) -> float | None:
    """Seconds since the epoch. Without a time zone, UTC is meant."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("UTC", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def about_end(end: float | None, takes_s: float | None, now: float) -> tuple[Advisory, ...]:
    """That credentials end before a run may have.

    Args:
        end: when they end, in seconds since the epoch; None if that is not known.
        takes_s: how long the run may take, in seconds; None if that is not known.
        now: seconds since the epoch.
    """
    if end is None or end - now >= (_UNKNOWN_RUN_S if takes_s is None else takes_s) + _UNDOING_S:
        return ()
    left, clock = format_seconds(max(0.0, end - now)), datetime.fromtimestamp(end, UTC).strftime("%H:%M")
    takes = "may take longer" if takes_s is None else f"takes about {format_seconds(takes_s)}, and restoring a while"
    advisory = Advisory(
        code=SESSION_ENDS,
        message=f"the AWS credentials expire in {left}, at {clock} UTC; the run {takes}",
        next_step="sign in again before the run, so that it can restore the function",
    )
    return (advisory,)
