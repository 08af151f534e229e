"""How long `powertune --help` and `--version` take, as a multiple of a bare interpreter's start."""

import statistics
import subprocess
import sys
import time

REPEATS = 21
BUDGET = 12.0


def median_s(*arguments: str) -> float:
    """The median wall time of a command."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    bare = median_s("-c", "pass")
    print(f"{'bare interpreter':<22}{1000 * bare:7.1f} ms")
    for option in ("--version", "--help"):
        took = median_s("-m", "powertune", option)
        print(f"{'powertune ' + option:<22}{1000 * took:7.1f} ms{took / bare:7.1f} x (budget {BUDGET:.0f} x)")


if __name__ == "__main__":
    main()
