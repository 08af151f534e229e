"""An endpoint in front of the embedded AWS that holds up the first deletion, so that a test can act in the middle."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from forwarding_endpoint import SentRequest, forwarding_endpoint

_PATIENCE_S = 60


@dataclass
class Held:
    """Where it listens, and when: `undoing` is set once something is to be deleted, which then waits for `go_on`."""

    url: str = ""
    invoked: threading.Event = field(default_factory=threading.Event)
    undoing: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


@contextmanager
def held_endpoint(behind: str) -> Iterator[Held]:
    """Forward everything to `behind`."""
    held = Held()

    def gate(sent: SentRequest) -> None:
        if sent.path.endswith("/invocations") or "/invocations?" in sent.path:
            held.invoked.set()
        if sent.method == "DELETE":
            held.undoing.set()
            held.go_on.wait(_PATIENCE_S)

    with forwarding_endpoint(behind, gate) as held.url:
        try:
            yield held
        finally:
            held.go_on.set()
