"""The server process: `python -m powertune.local.server '{"region": "us-east-1"}'`.

It is a process of its own so that moto is patched nowhere else. It writes one line of JSON to stdout when it is
ready, logs to stderr, and ends everything on SIGTERM, SIGINT or when its parent dies.
"""

import contextlib
import difflib
import errno
import gc
import io
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from powertune.errors import PowertuneError, UsageError
from powertune.local.settings import Settings
from powertune.local.system.cores import pin_process

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler

    from powertune.local.endpoint.keys import AccessKey

_log = logging.getLogger(__name__)

_SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the interpreter to itself: the time of an answer must not wait for a log line."""


_JOIN_S = 5.0
"""How long a closing server waits for the threads of state machines."""


class Server:
    """The HTTP server and the runner behind it."""

    def __init__(self, settings: Settings) -> None:
        _check_region(settings.region)
        try:
            import moto.moto_server.werkzeug_app as moto_app
        except ImportError as error:
            raise UsageError(
                f"the embedded AWS needs moto, which cannot be imported: {error}",
                hint="pip install 'powertune[local]'",
            ) from error
        # Moto would permit every web page to read the answers.
        moto_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]
        from powertune.local.endpoint.keys import Keys, issued_by_moto
        from powertune.local.runtime.runner import Runner
        from powertune.local.sink import MotoSink

        class Handler(moto_app.MotoRequestHandler):
            """Moto's, with nothing on the terminal and no waiting for more data to send."""

            disable_nagle_algorithm = True

            def handle_expect_100(self) -> bool:
                """Werkzeug tells the client to send the body; the base class would tell it a second time."""
                return True

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ARG002 - werkzeug's names
                """Requests are of interest to nobody; errors are logged by the server."""
                _log.debug(message, *args)

        self._http = _listen(settings.port, Handler)
        self.endpoint_url = f"http://127.0.0.1:{self._http.server_port}"
        self._keys = keys = Keys(issued=issued_by_moto)
        # The runner mostly waits for trial processes. The services are imported meanwhile.
        with ThreadPoolExecutor(1) as aside:
            made = aside.submit(Runner, settings, MotoSink(), self.endpoint_url, keys)
            try:
                from powertune.local.cloud import install, load_managed_policies
                from powertune.local.endpoint import signatures
                from powertune.local.endpoint.bucket_policies import install_bucket_policies
                from powertune.local.endpoint.unimplemented import Dispatcher
                from powertune.local.past.planting import PAST_PATH, Past
                from powertune.local.past.recommendations import SERVICE, Recommendations, application
                from powertune.local.scheduler.service import ADVANCE_PATH, Scheduler
                from powertune.local.stepfunctions.service import StepFunctions
                from powertune.local.web import Application
            except BaseException:
                made.result().close()
                raise
        self.runner = made.result()
        install(self.runner, settings)
        self._states = StepFunctions(keys.owner, self.endpoint_url)
        self._scheduler = Scheduler()
        moto = Dispatcher(moto_app.create_backend_app)
        recommendations = Recommendations()
        self._http.app = Application(
            moto,
            self.runner,
            lambda environ: signatures.check(environ, keys, time.time()),
            late={
                "iam": load_managed_policies,
                "cloudformation": lambda: _install_cloudformation(self.endpoint_url, keys.owner),
                "s3": install_bucket_policies,
                "scheduler": self._scheduler.install,
            },
            services={SERVICE: application(recommendations)},
            own={ADVANCE_PATH: self._scheduler.answer_advance, PAST_PATH: Past(recommendations).answer},
        )
        self._states.connect(self._http.app)
        self._thread = threading.Thread(target=self._http.serve_forever, name="http", daemon=True)

    @property
    def ready_line(self) -> str:
        """What a parent process needs to know. It goes through a pipe: arguments are public."""
        facts = {
            "event": "ready",
            "endpoint_url": self.endpoint_url,
            "cpu_limiter": self.runner.cpu_limiter,
            "cores": self.runner.cores,
            "role_arn": self.runner.settings.role_arn,
            "access_key": self._keys.owner.key_id,
            "secret_key": self._keys.owner.secret,
            "pid": os.getpid(),
            "harness": self.runner.divided.harness,
            "note": self.runner.note,
        }
        return json.dumps(facts)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and end everything."""
        self._http.shutdown()
        self._thread.join()
        self._scheduler.close()
        self._states.close()
        self.runner.close()
        self._states.join(_JOIN_S)
        self._http.server_close()


def _check_region(region: str) -> None:
    from botocore.loaders import create_loader

    partitions = create_loader().load_data("partitions")["partitions"]
    known = [each for partition in partitions for each in partition["regions"] if not each.endswith("-global")]
    if region not in known:
        close = difflib.get_close_matches(region, known, n=1) or ["us-east-1"]
        raise UsageError(f"there is no region {region!r}", hint=f"give one of AWS's, such as {close[0]}")


def _listen(port: int, handler: type["WSGIRequestHandler"]) -> "BaseWSGIServer":
    from werkzeug.serving import make_server

    try:
        # Werkzeug tells a person what went wrong, and exits.
        with contextlib.redirect_stderr(io.StringIO()):
            return make_server("127.0.0.1", port, _not_ready, threaded=True, request_handler=handler)
    except SystemExit as error:
        cause = error.__context__
        why = "is in use by another program"
        if isinstance(cause, OSError) and cause.errno != errno.EADDRINUSE:
            why = f"cannot be used: {os.strerror(cause.errno or 0).lower()}"
        raise UsageError(f"port {port} {why}", hint="give another --port, or 0 for a free one") from error


def _install_cloudformation(endpoint_url: str, key: "AccessKey") -> None:
    from powertune.local.cloudformation.installation import install_cloudformation

    install_cloudformation(endpoint_url, key)


def _not_ready(environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ARG001 - WSGI
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return [b""]


def watch_parent(parent_fd: int, stop: threading.Event) -> None:
    """Set `stop` when the other end of the pipe is closed, as happens when the parent ends in whatever way."""

    def wait() -> None:
        while os.read(parent_fd, 1):
            continue
        stop.set()

    threading.Thread(target=wait, name="parent", daemon=True).start()


def stand_aside(harness: Collection[int]) -> None:
    """Run this process on the processors that functions leave to it, and have its threads take turns quickly."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    pin_process(os.getpid(), harness)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keep what is loaded meanwhile for good.

    Searching it for garbage would take a fifth of the startup, and later pause all threads for tens of ms.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def main(arguments: list[str]) -> int:
    """Serve until told to stop; returns the exit status."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = Settings.from_json(arguments[0] if arguments else "{}")
        if settings.parent_fd is not None:
            watch_parent(settings.parent_fd, stop)
        with _no_collection():
            server = Server(settings)
        stand_aside(server.runner.divided.harness)
    except (PowertuneError, OSError) as error:
        hint = error.hint if isinstance(error, PowertuneError) else None
        _say(json.dumps({"event": "failed", "message": str(error), "hint": hint}))
        return 2
    server.start()
    _say(server.ready_line)
    stop.wait()
    server.close()
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
