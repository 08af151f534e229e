"""The noise of unchanged code: what is put in comes out, and what it says holds."""

import pytest
from gates import PRICES, alone, gated, make_case

from powertune.config.gate_options import load_gate
from powertune.errors import UsageError
from powertune.gate.calibration import (
    Calibration,
    MetricNoise,
    calibrate,
    dump_calibration,
    parse_calibration,
    toml_snippet,
)
from powertune.gate.model import Case
from powertune.gate.tolerances import parse_min_effect


def pairs(count: int, *, drift: float = 0.0, noise: float = 0.08, between: float = 0.03) -> list[Case]:
    return [
        make_case(
            gated(100.0 * (1 + drift * (-1) ** seed), environments=16, noise=noise, between=between, seed=2 * seed),
            gated(environments=16, noise=noise, between=between, seed=2 * seed + 1),
        )
        for seed in range(count)
    ]


def noise_of(calibration: Calibration, metric: str) -> MetricNoise:
    (found,) = (each for each in calibration.metrics if each.metric == metric)
    return found


def test_the_noise_that_was_put_in_comes_out() -> None:
    found = noise_of(calibrate(pairs(12), PRICES), "duration")
    assert found.within == pytest.approx(0.08, rel=0.1)
    assert found.between == pytest.approx(0.03, rel=0.25)
    assert found.drift < 0.015
    assert 0.01 < found.min_effect < 0.05
    assert found.pairs == 12


def test_what_drifts_between_two_measurements_is_part_of_it() -> None:
    steady, drifting = (noise_of(calibrate(pairs(12, drift=drift), PRICES), "duration") for drift in (0.0, 0.05))
    assert drifting.drift == pytest.approx(0.05, rel=0.3)
    assert drifting.min_effect > 2 * steady.min_effect


def test_more_noise_is_a_larger_effect() -> None:
    quiet, loud = (
        noise_of(calibrate(pairs(6, noise=noise, between=noise / 2), PRICES), "duration") for noise in (0.02, 0.2)
    )
    assert loud.min_effect > 4 * quiet.min_effect


def test_every_metric_that_was_measured_has_its_own() -> None:
    assert [each.metric for each in calibrate(pairs(2), PRICES).metrics] == ["duration", "cost", "init"]
    without = [make_case(gated(init_ms=None), gated(init_ms=None, seed=2))]
    assert [each.metric for each in calibrate(without, PRICES).metrics] == ["duration", "cost"]


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(UsageError, match="no pair has two samples"):
        calibrate([alone()], PRICES)
    with pytest.raises(UsageError, match="no pair has two samples"):
        calibrate([], PRICES)


def test_it_is_written_and_read_back() -> None:
    found = calibrate(pairs(3), PRICES)
    assert parse_calibration(dump_calibration(found)) == found
    with pytest.raises(UsageError, match="not a calibration"):
        parse_calibration(b"{}")


def test_the_snippet_is_what_the_configuration_takes(tmp_path: object) -> None:
    from pathlib import Path

    found = calibrate(pairs(3), PRICES)
    folder = Path(str(tmp_path))
    (folder / "powertune.toml").write_text(toml_snippet(found))
    options = load_gate(folder, {}, {})
    assert options.min_effect is not None
    assert parse_min_effect(options.min_effect) == pytest.approx(found.min_effect)
