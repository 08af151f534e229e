"""The benchmark of answers tells a rule that works from one that does not."""

import pytest

from benchmarks.answers import Cell, share_of_changes
from benchmarks.search_policies.answered import WORKS, recommended
from benchmarks.search_policies.simulation import Conditions
from powertune.analysis import recommendation
from powertune.analysis.conclusion import conclude
from powertune.model import Goal, Strategy


@pytest.mark.long
@pytest.mark.parametrize("strategy", [Strategy.TOLERANCE, Strategy.COST])
def test_a_sure_gain_is_taken_and_what_is_none_is_not(strategy: Strategy) -> None:
    def share(*, gain: bool) -> float:
        return share_of_changes(Cell(strategy=strategy, within=0.03, between=0.02, gain=gain), cases=20, seed=1)

    assert share(gain=True) >= 0.95
    assert share(gain=False) <= 0.1


@pytest.mark.long
def test_without_proof_the_luckiest_size_would_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommendation, "settle", conclude)
    cell = Cell(strategy=Strategy.COST, within=0.08, between=0.02, gain=False)
    assert share_of_changes(cell, cases=20, seed=1) > 0.5


@pytest.mark.long
@pytest.mark.parametrize(("noise", "case"), [(0.03, 20), (0.08, 45), (0.18, 20)])
def test_a_search_proves_another_change_where_it_cannot_prove_the_best_one(noise: float, case: int) -> None:
    work, goal = WORKS[0], Goal()
    current = work.worse_mb(goal)
    conditions = Conditions(noise=noise, lane_noise=0.02)
    chosen, _ = recommended(work, current, goal, conditions, seed=1 + case)
    assert chosen != current
    assert work.gains(current, chosen, goal)


@pytest.mark.long
def test_what_is_proven_may_be_off_the_front() -> None:
    """The 126th of these runs proves one change, to a size that another size dominates."""
    cell = Cell(strategy=Strategy.TOLERANCE, within=0.08, between=0.1, gain=True)
    assert share_of_changes(cell, cases=126, seed=1) > 0.2
