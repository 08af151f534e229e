"""Which change from the current configuration to prove next, and in how many environments."""

from collections.abc import Mapping
from dataclasses import dataclass

from powertune.model import Configuration
from powertune.search.adaptive.choice import Choice
from powertune.search.adaptive.next_test import FEWEST_LANES, most_lanes, whole
from powertune.search.adaptive.proof import Proof

#: Of at most this many configurations, a search tries to prove that they are better than the current one.
MOST_CONTENDERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRound:
    """Invocations over `lanes` lanes that may prove a change to `changed` to help."""

    changed: Configuration
    lanes: int
    invocations: Mapping[Configuration, int]


def next_round(choice: Choice) -> ProofRound | None:
    """The next round for the choice, or else for the best of the others that may be proven to be better.

    People can act on a smaller gain that is proven, not on a larger one that may be luck. None where a change is
    proven, or none can be.
    """
    for index in _contenders(choice):
        proof = Proof.of(choice, index)
        # A single environment may be a lucky one.
        if proof is None or (proof.growth <= 1 and _tried(choice, proof) >= FEWEST_LANES):
            return None
        if (found := _round(choice, proof)) is not None:
            return found
    return None


def _contenders(choice: Choice) -> list[int]:
    """The choice, and then what is expected to be better than the current configuration, the best first."""
    posterior = choice.posterior
    current = posterior.evidence.exploration.current
    if current is None or current not in posterior.measured or current == choice.configuration:
        return []
    means = posterior.scores.mean(axis=0)
    others = [i for i in choice.able.tolist() if i != choice.index and means[i] < means[posterior.measured[current]]]
    return [choice.index, *sorted(others, key=lambda index: float(means[index]))][:MOST_CONTENDERS]


def _tried(choice: Choice, proof: Proof) -> int:
    return min(map(choice.posterior.evidence.lanes_tried, proof.pair))


def _round(choice: Choice, proof: Proof) -> ProofRound | None:
    """Twice as many environments; None if no round would prove it. What has more of them already is not invoked."""
    evidence, tried = choice.posterior.evidence, _tried(choice, proof)
    most = most_lanes(evidence.exploration)
    lanes = min(max(FEWEST_LANES, 2 * tried), most)
    # A first impression may be wrong by a factor of two.
    if proof.growth > 2 * most / tried or lanes <= tried:
        return None
    few = whole(2 * lanes, evidence.exploration)
    short = [c for c in proof.pair if evidence.lanes_tried(c) <= lanes]
    wanted = {c: min(few, evidence.exploration.most - evidence.counts[c]) for c in short}
    if min(wanted.values()) <= 0:
        return None
    return ProofRound(changed=proof.pair[0], lanes=lanes, invocations=wanted)
