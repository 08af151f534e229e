"""The options of a command, parsed: frozen, with every default."""

from dataclasses import dataclass
from pathlib import Path

from powertune.config.from_file import FromFile
from powertune.errors import UsageError
from powertune.model import Architecture, FunctionRef, Goal, Payload, Usage, Workload
from powertune.search import policies
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB

REPORT_SOURCES = ("auto", "tail", "logs")
#: Warm invocations per size: the number in a grid, and the maximum in a search.
INVOCATIONS, MOST_INVOCATIONS = 20, 400
#: The most invocations at one time.
CONCURRENCY = 32
RESULTS_FOLDER = Path("powertune-results")

EMPTY_WORKLOAD = Workload(payloads=(Payload(body=b"{}"),))
ANY_GOAL = Goal()
ANY_USAGE = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to tune one function. `max_spend` is in the currency of the function's region; `rate` in calls per second.

    None means that nobody chose. Without `memory`, no sizes were named; without `architectures`, the function's own
    is measured; `invocations`, `environments` and `precision` are then up to the search. The plan decides `isolate`.
    An error of a type in `allowed_errors` is no failure; with `only_cold_starts`, every invocation is to start cold.
    The image URIs are for a function made of a container image, for the architecture that it does not have.
    `from_file` is the part of these options that a file has set.
    """

    search: str | None = None
    memory: tuple[int, ...] | None = None
    min_memory: int = MEMORY_MIN_MB
    max_memory: int = MEMORY_MAX_MB
    precision: float | None = None
    architectures: tuple[Architecture, ...] | None = None
    isolate: bool | None = None
    image_uri_arm64: str | None = None
    image_uri_x86_64: str | None = None
    invocations: int | None = None
    environments: int | None = None
    concurrency: int = CONCURRENCY
    workload: Workload = EMPTY_WORKLOAD
    goal: Goal = ANY_GOAL
    usage: Usage = ANY_USAGE
    report_source: str = "auto"
    max_spend: float = 1.0
    seed: int = 1
    sleep_ms: int = 0
    rate: float = 5.0
    pre_processor: FunctionRef | None = None
    post_processor: FunctionRef | None = None
    prices: Path | None = None
    results_folder: Path = RESULTS_FOLDER
    allowed_errors: tuple[str, ...] = ()
    only_cold_starts: bool = False
    from_file: FromFile | None = None

    @property
    def adaptive(self) -> bool:
        """Whether to search for sizes. Named sizes are a grid, and so are cold starts."""
        return self.policy in policies.EXPLORERS

    @property
    def policy(self) -> str:
        """The name of the search policy."""
        grid = self.memory is not None or self.only_cold_starts
        return self.search or (policies.GRID if grid else policies.DEFAULT)

    def check_earlier(self) -> None:
        """See that an earlier run can tell where to start.

        Raises:
            UsageError: a grid starts nowhere.
        """
        if not self.adaptive:
            raise UsageError(
                "--start-from is not for the grid search",
                hint="leave --memory, --search grid and --only-cold-starts out",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """How to serve a folder of code on the embedded AWS. `setup` is a script to run once, before measuring."""

    handler: str | None = None
    runtime: str | None = None
    memory: int = 128
    timeout: int = 30
    setup: str | None = None
    payload: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
