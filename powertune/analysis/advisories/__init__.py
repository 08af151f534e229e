"""What to know about the measurement itself before believing it, each finding with a next step.

docs/reference/advisories.md lists all codes, and a test compares that page with the code.
"""

from powertune.analysis.advisories.advise import advise
from powertune.analysis.advisories.advisory_input import AdvisoryInput
from powertune.analysis.advisories.samples import samples_needed

__all__ = ["AdvisoryInput", "advise", "samples_needed"]
