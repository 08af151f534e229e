"""Options from configuration files, the environment and the command line, parsed once."""

from powertune.config.loading import RUN_OPTIONS, load_local, load_run, parse_judgement
from powertune.config.options import INVOCATIONS, MOST_INVOCATIONS, RESULTS_FOLDER, LocalOptions, RunOptions

__all__ = [
    "INVOCATIONS",
    "MOST_INVOCATIONS",
    "RESULTS_FOLDER",
    "RUN_OPTIONS",
    "LocalOptions",
    "RunOptions",
    "load_local",
    "load_run",
    "parse_judgement",
]
