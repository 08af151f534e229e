"""The registry of search policies."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_configuration, make_function, make_prices, make_run

from powertune import results
from powertune.config import load_run
from powertune.errors import UsageError
from powertune.model import Architecture, Batch, Design, Exploration, GridDesign
from powertune.search import policies
from powertune.search.adaptive import Adaptive
from powertune.search.grid import Grid

PRICES = make_prices()
RANGE = Exploration(smallest_mb=128, largest_mb=3008, architectures=(Architecture.X86_64,))


def design(search: GridDesign | Exploration) -> Design:
    return Design(search=search, lanes=2, concurrency=8, seed=7)


def test_a_list_of_sizes_is_measured_by_the_grid() -> None:
    sizes = (make_configuration(256), make_configuration(512))
    search = policies.make_search(design(GridDesign(configurations=sizes, invocations=9)), PRICES, make_function())
    assert search == Grid(configurations=sizes, invocations=9, lanes=2)


def test_a_range_of_sizes_is_searched_by_the_policy_that_it_names() -> None:
    function = make_function(ephemeral_storage_mb=1024, snapstart=True, runtime="python3.13")
    search = policies.make_search(design(RANGE), PRICES, function)
    assert search == Adaptive(
        exploration=RANGE, prices=PRICES, ephemeral_storage_mb=1024, pays_for_snapshots=True, seed=7
    )


@pytest.mark.parametrize("name", policies.EXPLORERS)
def test_every_policy_of_a_range_begins_within_it_and_concludes_nothing_from_nothing(name: str) -> None:
    exploration = Exploration(
        smallest_mb=300, largest_mb=900, architectures=(Architecture.ARM64,), policy=name, most=50
    )
    search = policies.make_explorer(exploration, PRICES, make_function(), 1)
    proposal = search.propose({})
    assert isinstance(proposal, Batch)
    assert all(300 <= trial.configuration.memory_mb <= 900 for trial in proposal.trials)
    assert {trial.configuration.architecture for trial in proposal.trials} == {Architecture.ARM64}
    assert search.conclude({}) is None


def test_the_options_take_their_names_from_the_registry(tmp_path: Path) -> None:
    for name in policies.NAMES:
        loaded = load_run(tmp_path, {}, {"search": name}, lambda text, base: b"{}")
        assert loaded.policy == name
        assert loaded.adaptive is (name in policies.EXPLORERS)
    with pytest.raises(UsageError, match="search"):
        load_run(tmp_path, {}, {"search": "nonsense"}, lambda text, base: b"{}")


def test_a_policy_that_is_not_known_is_refused_by_name() -> None:
    exploration = Exploration(
        smallest_mb=128, largest_mb=3008, architectures=(Architecture.X86_64,), policy="from the future"
    )
    with pytest.raises(UsageError, match="'from the future'"):
        policies.make_search(design(exploration), PRICES, make_function())


def test_a_results_file_names_the_policy_and_keeps_it() -> None:
    run = make_run(design=design(replace(RANGE, policy="another")))
    written = results.dump(run)
    assert json.loads(written)["design"]["search"] == "another"
    assert results.parse(written).design == run.design
