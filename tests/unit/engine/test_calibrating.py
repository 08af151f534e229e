"""The noise of unchanged code: two versions beside each other, or one whose environments are split."""

from collections.abc import Sequence
from typing import Any

import pytest
from fakes import FakeClock, client_error
from live_gates import PAIR, FakeAccess, Kept, live, make_fake, plan

from powertune.config import RunOptions
from powertune.engine.calibrating import WARM_INVOCATIONS, measure_noise
from powertune.engine.gate_plan import LivePair
from powertune.errors import Changed, Inconclusive
from powertune.gate.calibration import calibrate
from powertune.gate.model import Case
from powertune.model import Population
from powertune.prices import PriceTable

ALONE = LivePair(candidate=live("fn:prod"))


def noise(fake: Any, pairs: Sequence[LivePair], *, repeats: int = 1, **options: Any) -> tuple[Case, ...]:
    asked = {"concurrency": 200, **options}
    return measure_noise(
        FakeAccess(fake),
        plan(fake, pairs, **asked),
        RunOptions(**asked),
        Kept(),
        repeats=repeats,
        clock=FakeClock(),
        sleep=lambda seconds: None,
    )


def test_two_versions_are_measured_beside_each_other_pair_by_pair() -> None:
    cases = noise(make_fake(100, 100), [PAIR, PAIR], repeats=3)
    assert len(cases) == 2
    for case in cases:
        assert case.side_by_side
        assert case.baseline is not None
        assert case.candidate.run.run_id != case.baseline.run.run_id
    assert {each.metric for each in calibrate(cases, PriceTable.bundled()).metrics} == {"duration", "cost", "init"}


def test_one_version_is_split_into_halves_that_share_no_environment() -> None:
    cases = noise(make_fake(100, 100), [ALONE], repeats=2)
    assert len(cases) == 2
    for case in cases:
        assert case.baseline is not None
        mine, theirs = (gated.run.measurements[0].invocations for gated in (case.candidate, case.baseline))
        assert not {*mine.column("environment")} & {*theirs.column("environment")}
        assert min(mine.count(Population.WARM), theirs.count(Population.WARM)) > WARM_INVOCATIONS
    (duration,) = [each for each in calibrate(cases, PriceTable.bundled()).metrics if each.metric == "duration"]
    assert 0.01 < duration.within < 0.06
    assert duration.pairs == 2


def test_without_known_environments_there_are_no_halves() -> None:
    fake = make_fake(100, 100)

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "filter_log_events":
            raise client_error("AccessDeniedException", "no", 400)

    fake.on_call = deny
    with pytest.raises(Inconclusive, match="environments of fn are known") as caught:
        noise(fake, [ALONE])
    assert "logs:FilterLogEvents" in str(caught.value.hint)


def test_who_deploys_meanwhile_spoils_it() -> None:
    fake = make_fake(100, 100)
    usual = fake.answer

    def deploying(call: dict[str, Any]) -> dict[str, Any] | None:
        fake.functions["fn"].configuration["RevisionId"] = "new"
        return usual(call)

    fake.answer = deploying
    with pytest.raises(Changed):
        noise(fake, [LivePair(candidate=live("fn"))])


def test_one_budget_is_for_all_pairs() -> None:
    noise(make_fake(100, 100), [PAIR], max_spend=0.001)
    with pytest.raises(Inconclusive, match="--max-spend ended the gate before"):
        noise(make_fake(100, 100), [PAIR, PAIR], max_spend=0.0006)
