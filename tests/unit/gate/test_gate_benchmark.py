"""The benchmark of gates: error rates on fixed seeds, and that it tells a rule that works from one that does not."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.gate import Cell, draw, gate, tally
from powertune.gate.confidence import Errors
from powertune.gate.model import GateVerdict
from powertune.gate.rules import Rules

QUIET = Cell(within=0.08, between=0.03, change=0.0)


@pytest.mark.long
def test_unchanged_code_passes_and_a_regression_of_a_tenth_fails() -> None:
    unchanged = tally(QUIET, gates=60, seed=11)
    assert unchanged.failed == 0
    assert unchanged.passed >= 57
    worse = tally(replace(QUIET, change=0.1), gates=60, seed=11)
    assert worse.failed >= 57
    assert worse.passed == 0
    assert unchanged.invocations < worse.invocations < 3_360


@pytest.mark.long
def test_a_change_at_the_tolerance_neither_fails_nor_passes_too_often() -> None:
    found = tally(replace(QUIET, change=0.05), gates=120, seed=11)
    # One in a hundred, and five in a hundred, with what chance adds to them in 120 gates.
    assert found.failed <= 4
    assert found.passed <= 12


@pytest.mark.long
def test_a_gate_that_may_err_always_errs() -> None:
    generator = np.random.default_rng(11)
    careless = Rules(errors=Errors(gate=0.9, suite=0.9, passing=0.9))
    at = replace(QUIET, change=0.05)
    verdicts = [gate(draw(at, generator), careless)[0] for _ in range(40)]
    assert verdicts.count(GateVerdict.FAILED) > 8
    assert verdicts.count(GateVerdict.PASSED) > 8


@pytest.mark.long
def test_what_peers_say_of_the_same_samples() -> None:
    found = tally(replace(QUIET, change=0.1), gates=40, seed=11)
    assert 8 < found.peers[0] < 32
    assert found.peers[1] == 40
    assert tally(replace(QUIET, change=-0.1), gates=10, seed=11).peers == (0, 0)
