"""What all environments share, and the refusal to start anything once it is being taken down."""

from dataclasses import dataclass, field
from pathlib import Path

from powertune.local.containment.contention import StolenTime
from powertune.local.endpoint.keys import AccessKey
from powertune.local.runtime.code_cache import CodeCache
from powertune.local.runtime.outputs import Outputs
from powertune.local.sandbox.accounts import Account
from powertune.local.sandbox.rooms import Rooms
from powertune.local.system.processes import ProcessTable


class Closing(Exception):
    """The server is ending: nothing is started any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all environments share."""

    code: CodeCache
    outputs: Outputs
    processes: ProcessTable
    folder: Path
    endpoint_url: str
    access_key: AccessKey = field(default_factory=AccessKey.random_temporary)
    account: Account | None = None
    rooms: Rooms | None = None
    python_client: str = "auto"
    stolen: StolenTime = field(default_factory=StolenTime)

    @property
    def users(self) -> tuple[int, ...]:
        """Who runs functions, where that is another user than the server's."""
        account = None if self.account is None else self.account.uid
        found = account if self.rooms is None else self.rooms.user
        return () if found is None else (found,)
