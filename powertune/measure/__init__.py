"""Search x Target -> TuningRun: the only stage with side effects, and they all go through the target."""

from powertune.measure.protocols import Nobody, Observer, Publishing, Target
from powertune.measure.run import measure
from powertune.measure.session import OUT_OF_TIME
from powertune.measure.side_by_side import Contender, SampleAmount, SideBySide, SideObserver
from powertune.measure.turns import Turn, gather, merge, nothing_yet, play_turn, propose, with_environments

__all__ = [
    "OUT_OF_TIME",
    "Contender",
    "Nobody",
    "Observer",
    "Publishing",
    "SampleAmount",
    "SideBySide",
    "SideObserver",
    "Target",
    "Turn",
    "gather",
    "measure",
    "merge",
    "nothing_yet",
    "play_turn",
    "propose",
    "with_environments",
]
