"""What dead servers left is found, and what living ones have is left alone."""

import os
from pathlib import Path

from function_processes import wait_for_state

from powertune.local.runtime import janitor
from powertune.local.system.owners import Owner, remains
from powertune.local.system.processes import (
    process_table,
)


def test_owners(tmp_path: Path, sleeper: int) -> None:
    table = process_table()
    alive = Owner.current(table)
    dead = Owner(alive.namespace, alive.pid, "1")
    foreign = Owner("99", alive.pid, "1")
    assert Owner.parse(alive.name) == alive
    for name in (alive.name, dead.name, foreign.name, "powertune-unrelated", "other"):
        (tmp_path / name).mkdir()
    assert [path.name for path in remains(tmp_path, table)] == [dead.name]
    assert list(remains(tmp_path / "nowhere", table)) == []
    records = tmp_path / dead.name / janitor.ENVIRONMENTS
    recycled = os.getpid()
    for number, record in enumerate((f"{sleeper} {table.started(sleeper)}", f"{recycled} 1", "nonsense")):
        (records / str(number)).mkdir(parents=True)
        (records / str(number) / "leader").write_text(record)
    janitor.reap(tmp_path, table)
    wait_for_state(sleeper, "Z")
    assert not (tmp_path / dead.name).exists()
    assert (tmp_path / alive.name).exists()
