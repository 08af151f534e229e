"""The server process: `python -m powertune.local.server '{"region": "us-east-1"}'`.

It is a process of its own so that moto is patched nowhere else. It writes one line of JSON to stdout when it is
ready, logs to stderr, and ends everything on SIGTERM, SIGINT or when its parent dies.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

from powertune.errors import PowertuneError, UsageError
from powertune.local.settings import Settings

_log = logging.getLogger(__name__)

_SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the interpreter to itself: the time of an answer must not wait for a log line."""


class Server:
    """The HTTP server and the runner behind it."""

    def __init__(self, settings: Settings) -> None:
        try:
            import moto.moto_server.werkzeug_app as moto_app
            from werkzeug.serving import make_server
        except ImportError as error:
            raise UsageError(
                f"the embedded AWS needs moto, which cannot be imported: {error}",
                hint="pip install 'powertune[local]'",
            ) from error
        # Moto would permit every web page to read the answers.
        moto_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]
        from powertune.local import signatures
        from powertune.local.cloud import install
        from powertune.local.keys import Keys, issued_by_moto
        from powertune.local.runner import Runner
        from powertune.local.sink import MotoSink
        from powertune.local.web import Application

        class Handler(moto_app.MotoRequestHandler):
            """Moto's, with nothing on the terminal and no waiting for more data to send."""

            disable_nagle_algorithm = True

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ARG002 - werkzeug's names
                """Requests are of interest to nobody; errors are logged by the server."""
                _log.debug(message, *args)

        self._http = make_server("127.0.0.1", settings.port, _not_ready, threaded=True, request_handler=Handler)
        self.endpoint_url = f"http://127.0.0.1:{self._http.server_port}"
        self._keys = keys = Keys(issued=issued_by_moto)
        self.runner = Runner(settings, MotoSink(), self.endpoint_url, keys)
        install(self.runner, settings, self._http.server_port)
        moto = moto_app.DomainDispatcherApplication(moto_app.create_backend_app)
        self._http.app = Application(moto, self.runner, lambda environ: signatures.check(environ, keys, time.time()))
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
        self.runner.close()
        self._http.server_close()


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


def main(arguments: list[str]) -> int:
    """Serve until told to stop; returns the exit status."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = Settings.from_json(arguments[0] if arguments else "{}")
        if settings.parent_fd is not None:
            watch_parent(settings.parent_fd, stop)
        server = Server(settings)
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
