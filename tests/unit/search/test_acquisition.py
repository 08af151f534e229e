"""What a batch is worth: numbers that can be computed another way."""

import numpy as np
import pytest

from powertune.search.adaptive.acquisition import expected_gains, information, losses_near

RNG = np.random.default_rng(5)
ABLE = np.array([0, 1], dtype=np.intp)


def test_the_gain_is_the_value_of_information_of_two_independent_candidates() -> None:
    # Scores are log durations, one known exactly and one not, equal on average. With no noise, a batch of the unknown
    # one reveals it: the answer improves by E[max(0, -X)] = sigma / sqrt(2 pi).
    sigma = 0.2
    unknown = RNG.normal(0.0, sigma, 200_000)
    log_ms = np.stack([np.zeros_like(unknown), unknown - unknown.mean()], axis=1)
    gains = expected_gains(log_ms, log_ms, ABLE, noise=1e-9)
    assert gains[0] == pytest.approx(0.0, abs=1e-6)
    # 15 nodes average a function with a kink within 6 %.
    assert gains[1] == pytest.approx(sigma / np.sqrt(2 * np.pi), rel=0.06)


def test_noise_and_a_clear_winner_reduce_the_gain() -> None:
    log_ms = RNG.normal([0.0, 0.1], 0.2, (400, 2))
    clear = log_ms + np.array([0.0, 1.0])
    assert expected_gains(log_ms, log_ms, ABLE, 0.01)[1] > expected_gains(log_ms, log_ms, ABLE, 1.0)[1] > 0
    assert expected_gains(clear, clear, ABLE, 0.01)[1] < 0.1 * expected_gains(log_ms, log_ms, ABLE, 0.01)[1]


def test_a_candidate_that_was_not_measured_can_become_the_answer() -> None:
    log_ms = RNG.normal(0.0, [0.001, 0.3], (400, 2))
    assert expected_gains(log_ms, log_ms, ABLE[:1], 0.001)[1] > 0.05


def test_information_is_the_share_of_the_variance_that_is_not_noise() -> None:
    log_ms = RNG.normal(0.0, [0.0, 0.1, 1.0], (100_000, 3))
    assert information(log_ms, 0.01) == pytest.approx([0.0, 0.5, 1 / 1.01], abs=0.01)


def test_the_loss_is_found_near_the_best_size_of_the_same_architecture() -> None:
    log_mb = np.log([128.0, 140.0, 3008.0, 128.0])
    kinds = np.array(["x86_64", "x86_64", "x86_64", "arm64"])
    scores = np.tile([0.0, 1.0, 1.0, 1.0], (50, 1))
    shares = losses_near(log_mb, kinds, scores, np.full(50, 0.3))
    assert shares[0] == pytest.approx(0.3)
    assert 0.25 < shares[1] < 0.3
    assert shares[2:] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_test_that_shows_little_is_worth_little() -> None:
    log_ms = RNG.normal(0.0, [0.2, 0.2], (400, 2))
    gains = expected_gains(log_ms, log_ms, ABLE, np.array([0.01, 1.0]))
    assert gains[0] > 2 * gains[1] > 0
