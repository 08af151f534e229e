"""The embedded AWS from its parent's side: starts the server process, says how to reach it, and ends it."""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import IO, Any, Self

from powertune.errors import PowertuneError, Unavailable, UsageError
from powertune.local.settings import Settings
from powertune.local.system.cores import pin_thread, usable_numbers

_READY_S = 30.0
_END_S = 15.0
_ADVANCE_S = 60
_THIS_MACHINE = ("127.0.0.1", "localhost")


class EmbeddedAWS:
    """A server process with the life of this object.

    Should this process die in whatever way, the server notices by a pipe and ends by itself. It runs in a session of
    its own, so that a Ctrl-C which this process survives, to clean up, does not end it first.

    Raises:
        UsageError: moto is not installed, or a setting is not possible here.
        Unavailable: the server did not start.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        read_end, self._write_end = os.pipe()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        configured = replace(self.settings, parent_fd=read_end)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own server
                # -P: a `queue.py` in the current folder is not the module of that name.
                [sys.executable, "-P", "-m", "powertune.local.server", configured.to_json()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(os.environ),
                pass_fds=(read_end,),
                start_new_session=True,
            )
        finally:
            os.close(read_end)
        try:
            self._facts = self._await_ready()
        except PowertuneError:
            self.close()
            raise

    @property
    def endpoint_url(self) -> str:
        """Where all services are."""
        return str(self._facts["endpoint_url"])

    @property
    def cpu_limiter(self) -> str:
        """What holds functions to their CPU share: `cgroup v1`, `cgroup v2` or `duty cycle`."""
        return str(self._facts["cpu_limiter"])

    @property
    def cores(self) -> float:
        """The CPUs that functions share."""
        return float(self._facts["cores"])

    @property
    def role_arn(self) -> str:
        """An execution role that exists, for creating functions."""
        return str(self._facts["role_arn"])

    @property
    def note(self) -> str | None:
        """What a person has to know about how functions run here."""
        note = self._facts["note"]
        return None if note is None else str(note)

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Keep the calling thread, and those it starts, off the processors of functions meanwhile."""
        before = usable_numbers()
        pin_thread(0, self._facts["harness"])
        try:
            yield
        finally:
            pin_thread(0, before)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which any AWS client finds this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": str(self._facts["access_key"]),
            "AWS_SECRET_ACCESS_KEY": str(self._facts["secret_key"]),
            "AWS_REGION": self.settings.region,
            "AWS_DEFAULT_REGION": self.settings.region,
            **_without_proxy(os.environ),
        }

    def advance_schedules(self, seconds: float) -> datetime:
        """Set the clock of EventBridge Scheduler forward, and invoke what becomes due on the way; returns its time.

        The time of all other services stays as it is. Every invocation has been sent when this returns.

        Raises:
            Unavailable: the server has ended, or does not answer.
            ValueError: the number of seconds is negative, or more than 400 days.
        """
        from powertune.local.scheduler.service import ADVANCE_PATH

        refused = f"the clock of schedules cannot go forward by {seconds} seconds"
        return datetime.fromisoformat(self._tell("scheduler", ADVANCE_PATH, {"seconds": seconds}, refused)["now"])

    def plant(self, past: Mapping[str, Any]) -> None:
        """Give an account a past, so that a test need not wait for weeks.

        Args:
            past: `account` and `region`, and any of these. `metrics` are a list of `namespace`, `name`, `dimensions`
                (a mapping), `unit` and `values`, as (seconds since the epoch, value, count); they take the place of
                what the metric has at these moments. `functions` are by name the time, in seconds since the epoch, at
                which a function, its versions and its provisioned concurrency were changed last. `log_groups` are by
                name `created_at`, in seconds since the epoch, and `stored_bytes`. `recommendations` are what Compute
                Optimizer answers to GetLambdaFunctionRecommendations, as its API writes it.

        Raises:
            Unavailable: the server has ended, or does not answer.
            ValueError: there is no such function or log group, or something in it is not as it should be.
        """
        from powertune.local.past.planting import PAST_PATH

        self._tell("monitoring", PAST_PATH, past, "this cannot be planted")

    def _tell(self, service: str, path: str, document: Mapping[str, Any], refused: str) -> dict[str, Any]:
        """Post to a path that no service of AWS has, signed for one."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        from botocore.exceptions import HTTPClientError
        from botocore.httpsession import URLLib3Session

        request = AWSRequest("POST", self.endpoint_url + path, data=json.dumps(document))
        credentials = Credentials(str(self._facts["access_key"]), str(self._facts["secret_key"]))
        SigV4Auth(credentials, service, self.settings.region).add_auth(request)
        try:
            answer = URLLib3Session(timeout=_ADVANCE_S).send(request.prepare())
        except HTTPClientError as error:
            self.check(_END_S)
            raise Unavailable(f"the embedded AWS does not answer: {error}", hint="end it, and start again") from error
        if answer.status_code != HTTPStatus.OK:
            raise ValueError(f"{refused}: {answer.text}")
        told: dict[str, Any] = json.loads(answer.content)
        return told

    def check(self, wait_s: float = 0.0) -> None:
        """See whether the server still runs.

        Args:
            wait_s: how long to wait for the end of a server that no longer answers.

        Raises:
            Unavailable: it has ended, and with it everything that it held.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_s)
        status = self._process.returncode
        if status is not None:
            how = f"exit status {status}" if status >= 0 else f"signal {-status}"
            words = self._last_words()
            raise Unavailable(
                f"the embedded AWS has ended: {how}{f': {words}' if words else ''}",
                hint="nothing is left to restore; run again",
            )

    def wait(self) -> int:
        """Wait until the server ends by itself; returns its exit status."""
        return self._process.wait()

    def close(self) -> None:
        """End the server and all that it runs. Doing so twice is harmless."""
        if self._write_end >= 0:
            os.close(self._write_end)
            self._write_end = -1
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _await_ready(self) -> dict[str, Any]:
        stream = self._process.stdout
        assert stream is not None
        readable, _, _ = select.select([stream], [], [], _READY_S)
        line = stream.readline() if readable else b""
        try:
            facts: dict[str, Any] = json.loads(line)
        except ValueError:
            raise Unavailable(
                f"the embedded AWS did not start: {self._last_words() or 'it said nothing'}",
                hint="check that this machine permits servers on 127.0.0.1",
            ) from None
        if facts["event"] == "failed":
            raise UsageError(str(facts["message"]), hint=facts["hint"])
        return facts

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def _without_proxy(own: Mapping[str, str]) -> dict[str, str]:
    """The variables by which clients ask this machine directly; programs look at one or the other of them."""
    return {name: ",".join(_hosts(own.get(name, ""))) for name in ("NO_PROXY", "no_proxy")}


def _hosts(given: str) -> Iterable[str]:
    """This machine's names and those that are given, each once, in order."""
    return dict.fromkeys((*_THIS_MACHINE, *(name for each in given.split(",") if (name := each.strip()))))


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """This process's variables, without those that would lead the server's own clients to AWS or through a proxy."""
    kept = {name: value for name, value in own.items() if not name.startswith(("AWS_", "MOTO_"))}
    kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true"}
