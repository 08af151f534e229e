"""The search policies by name. A new policy that searches a range of sizes is one file, and one line here."""

from collections.abc import Mapping
from pkgutil import resolve_name

from powertune.errors import UsageError
from powertune.model import Design, Exploration, FunctionState, GridDesign
from powertune.region_prices import RegionPrices
from powertune.search.cold_grid import ColdGrid
from powertune.search.grid import Grid
from powertune.search.protocol import Explorer, Search

#: The policies that choose from a range of sizes, and their classes, which are imported when they are needed. They
#: are made from `exploration`, `prices`, `ephemeral_storage_mb` and `seed`.
EXPLORERS: Mapping[str, str] = {"adaptive": "powertune.search.adaptive:Adaptive"}
#: The policy that measures each size of a list.
GRID = "grid"
#: All policies; the first one is the default.
NAMES = (*EXPLORERS, GRID)
DEFAULT = NAMES[0]


def make_search(design: Design, prices: RegionPrices, function: FunctionState) -> Search:
    """The search that a design names.

    Raises:
        UsageError: its policy is not known.
    """
    match design.search:
        case GridDesign(configurations=configurations, invocations=invocations) if design.only_cold_starts:
            return ColdGrid(configurations=configurations, invocations=invocations)
        case GridDesign(configurations=configurations, invocations=invocations):
            return Grid(configurations=configurations, invocations=invocations, lanes=design.lanes)
        case Exploration() as exploration:
            return make_explorer(exploration, prices, function, design.seed)


def make_explorer(exploration: Exploration, prices: RegionPrices, function: FunctionState, seed: int) -> Explorer:
    """The search of a range of sizes.

    Raises:
        UsageError: its policy is not known.
    """
    if exploration.policy not in EXPLORERS:
        raise UsageError(
            f"no search policy is called {exploration.policy!r}",
            hint=f"this version knows {', '.join(EXPLORERS)}; a newer one may know more",
        )
    policy = resolve_name(EXPLORERS[exploration.policy])
    explorer: Explorer = policy(
        exploration=exploration,
        prices=prices,
        ephemeral_storage_mb=function.ephemeral_storage_mb,
        pays_for_snapshots=function.pays_for_snapshots,
        seed=seed,
    )
    return explorer
