"""Who exceeds the memory size is killed."""

from powertune.local.containment.memory_watch import MemoryWatch
from powertune.local.system.processes import (
    process_table,
)


def test_memory_watch(sleeper: int) -> None:
    class Hog:
        killed = 0

        def pids(self) -> tuple[int, ...]:
            return (sleeper,)

        def kill(self) -> None:
            self.killed += 1

    watch, hog = MemoryWatch(process_table()), Hog()
    watch.watch(hog, 1)
    watch.check()
    assert hog.killed
    assert watch.exceeded(hog)
    watch.watch(hog, 1 << 40)
    assert not watch.exceeded(hog)
    watch.forget(hog)
    watch.close()
