"""What to know about the measurement itself before believing it, each finding with a next step."""

from powertune.analysis.advisories.answer import about_answer
from powertune.analysis.advisories.evidence import Evidence
from powertune.analysis.advisories.run import about_run
from powertune.analysis.advisories.samples import about_samples, samples_needed
from powertune.model import Advisory

__all__ = ["Evidence", "advise", "samples_needed"]


def advise(evidence: Evidence) -> tuple[Advisory, ...]:
    """All findings: the run's own first, then those about its data, then those about the answer."""
    return (
        *evidence.run.advisories,
        *about_run(evidence),
        *about_samples(evidence),
        *about_answer(evidence),
    )
