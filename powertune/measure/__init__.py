"""Search x Target -> TuningRun: the only stage with side effects, and they all go through the target."""

from powertune.measure.protocols import Observer, Publishing, Target
from powertune.measure.run import measure, play_batch

__all__ = ["Observer", "Publishing", "Target", "measure", "play_batch"]
