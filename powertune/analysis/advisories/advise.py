"""All advisories about a run, in the order in which they are shown."""

from powertune.analysis.advisories.advisory_input import AdvisoryInput
from powertune.analysis.advisories.answer import about_answer
from powertune.analysis.advisories.run import about_run
from powertune.analysis.advisories.samples import about_samples
from powertune.model import Advisory


def advise(given: AdvisoryInput) -> tuple[Advisory, ...]:
    """All findings: the run's own first, then those about its data, then those about the answer."""
    return (
        *given.run.advisories,
        *about_run(given),
        *about_samples(given),
        *about_answer(given),
    )
