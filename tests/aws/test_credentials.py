"""Credentials that end in the middle of a run."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fakes import FakeClock, FakeLambda, client_error, fake_aws
from runs import open_target

from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions, about_end
from powertune.aws.invocation import invoke_once
from powertune.errors import IdentityError, NotRestored
from powertune.model import Status

EXPIRED = client_error("ExpiredTokenException", "The security token included in the request is expired", 403)


class Rotated:
    """An identity: old keys that AWS refuses, and new ones if somebody has signed in again."""

    def __init__(self, *, signed_in_again: bool) -> None:
        self.keys = "old"
        self.signed_in_again = signed_in_again
        self.asked = 0

    def current(self) -> object:
        return self.keys

    def renew(self, refused: object) -> bool:
        self.asked += 1
        if self.signed_in_again:
            self.keys = "new"
        return self.keys != refused


def refuse_old(fake: FakeLambda, identity: Rotated) -> None:
    def on_call(name: str, kwargs: object) -> None:
        if identity.keys == "old":
            raise EXPIRED

    fake.on_call = on_call


def test_undo_goes_on_with_the_credentials_of_who_has_signed_in_again() -> None:
    fake, clock = FakeLambda(), FakeClock()
    fake.add("fn")
    before = fake.snapshot("fn")
    identity = Rotated(signed_in_again=True)
    target = open_target(fake, clock, identity=identity)
    refuse_old(fake, identity)
    target.undo()
    assert fake.snapshot("fn") == before
    assert identity.asked == 1


def test_undo_with_credentials_that_stay_expired_says_to_sign_in_and_how_to_restore() -> None:
    fake, clock = FakeLambda(), FakeClock()
    fake.add("fn")
    identity = Rotated(signed_in_again=False)
    target = open_target(fake, clock, identity=identity)
    refuse_old(fake, identity)
    with pytest.raises(NotRestored, match="expired") as caught:
        target.undo()
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("sign in again")
    assert caught.value.hint.endswith("powertune restore fn")


def test_an_invocation_goes_on_with_the_credentials_of_who_has_signed_in_again() -> None:
    fake, clock = FakeLambda(), FakeClock()
    fake.add("fn")
    identity = Rotated(signed_in_again=True)
    aws = fake_aws(fake, clock=clock)
    aws.identity = identity
    refuse_old(fake, identity)
    assert invoke_once(aws, function="fn", qualifier=None, payload=b"{}").invocation.status is Status.OK
    assert (identity.asked, len(fake.invoked)) == (1, 1)


def test_credentials_that_are_always_refused_are_not_renewed_for_ever() -> None:
    class Endless(Rotated):
        def renew(self, refused: object) -> bool:
            self.asked += 1
            return True

    fake = FakeLambda()
    identity = Endless(signed_in_again=False)
    refuse_old(fake, identity)
    aws = fake_aws(fake)
    aws.identity = identity
    with pytest.raises(IdentityError):
        aws.call(aws.clients.control.get_function, FunctionName="fn")
    assert identity.asked == 3


def test_credentials_whose_source_has_only_expired_ones_are_no_bug() -> None:
    fake = FakeLambda()

    def on_call(name: str, kwargs: object) -> None:
        # botocore 1.44.8, credentials.py, _protected_refresh
        raise RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")

    fake.on_call = on_call
    aws = fake_aws(fake)
    with pytest.raises(IdentityError, match="still expired"):
        aws.call(aws.clients.control.get_function, FunctionName="fn")


@pytest.fixture
def aws_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home with an AWS folder, and no AWS variables."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    folder = tmp_path / ".aws"
    folder.mkdir()
    return folder


def profile(folder: Path, key: str, more: str = "") -> None:
    text = (
        f"[default]\naws_access_key_id = {key}\naws_secret_access_key = secret-{key}\naws_session_token = t-{key}\n"
    )
    (folder / "credentials").write_text(text + more)


class Lambda(BaseHTTPRequestHandler):
    """Accepts the keys called NEW."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        good = "Credential=NEW/" in self.headers["Authorization"] and self.headers["X-Amz-Security-Token"] == "t-NEW"
        body = json.dumps({"Aliases": []} if good else {"message": "The security token is expired"}).encode()
        self.send_response(200 if good else 403)
        if not good:
            self.send_header("x-amzn-errortype", "ExpiredTokenException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lambda)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.long
def test_real_clients_sign_with_the_keys_that_are_in_the_profile_by_then(aws_folder: Path, endpoint: str) -> None:
    profile(aws_folder, "OLD")
    with connect(ConnectionOptions(region="us-east-1", endpoint_url=endpoint)) as connection:
        aws = connection.aws()
        with pytest.raises(IdentityError, match="expired"):
            aws.call(aws.clients.control.list_aliases, FunctionName="fn")
        profile(aws_folder, "NEW")
        failures: list[Exception] = []

        def call() -> None:
            try:
                aws.call(aws.clients.control.list_aliases, FunctionName="fn")
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


def end_of(place: ConnectionOptions) -> float | None:
    with contextlib.closing(Closing(connect(place))) as closing:
        return closing.connection.ends_at


class Closing:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def close(self) -> None:
        self.connection.__exit__()


@pytest.mark.long
@pytest.mark.parametrize("key", ["x_security_token_expires", "aws_expiration", "expiration"])
@pytest.mark.parametrize("moment", ["2027-01-15T08:00:00Z", "2027-01-15T09:00:00+01:00", "2027-01-15 08:00:00"])
def test_the_end_of_a_session_is_read_from_the_profile(key: str, moment: str, aws_folder: Path) -> None:
    profile(aws_folder, "OLD", f"{key} = {moment}\n")
    assert end_of(ConnectionOptions(region="us-east-1")) == 1_800_000_000
    profile(aws_folder, "OLD", f"{key} = soon\n")
    assert end_of(ConnectionOptions(region="us-east-1")) is None


@pytest.mark.usefixtures("aws_folder")
def test_the_end_of_a_session_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OLD")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert end_of(ConnectionOptions(region="us-east-1")) is None
    # Long ago: signing must not fail here, as AWS says what is wrong.
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00+00:00")
    assert end_of(ConnectionOptions(region="us-east-1")) == 1_577_836_800


def test_the_end_of_a_session_is_read_from_the_sign_in_page_s_token(aws_folder: Path) -> None:
    (aws_folder / "config").write_text(
        "[default]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = Developer\n"
    )
    cache = aws_folder / "sso" / "cache"
    cache.mkdir(parents=True)
    file = cache / f"{sha1(b'https://example.awsapps.com/start').hexdigest()}.json"
    file.write_text(json.dumps({"accessToken": "x", "expiresAt": "2027-01-15T08:00:00UTC"}))
    assert end_of(ConnectionOptions(region="us-east-1")) == 1_800_000_000
    file.write_text(json.dumps({"accessToken": "x", "expiresAt": "2027-01-15T08:00:00Z", "refreshToken": "y"}))
    assert end_of(ConnectionOptions(region="us-east-1")) is None


@pytest.mark.parametrize(
    ("end", "takes_s", "warned"),
    [
        (None, 1e6, False),
        (1_000_000.0 + 3600, 1200.0, False),
        (1_000_000.0 + 3600, 3500.0, True),
        (1_000_000.0 + 3600, None, False),
        (1_000_000.0 + 600, None, True),
    ],
)
def test_a_run_that_may_outlast_the_session_is_warned_of(
    end: float | None, takes_s: float | None, warned: bool
) -> None:
    found = about_end(end, takes_s, 1_000_000.0)
    assert bool(found) == warned
    if found:
        assert found[0].code == "credentials-end"
        assert "UTC" in found[0].message
        assert "sign in again" in found[0].next_step
