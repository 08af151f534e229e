"""Options from configuration files, the environment and the command line, parsed once."""

from powertune.config.execution_input import TuningRequest, parse_request
from powertune.config.execution_writing import execution_input
from powertune.config.loading import load_local, load_run
from powertune.config.options import INVOCATIONS, MOST_INVOCATIONS, RESULTS_FOLDER, LocalOptions, RunOptions
from powertune.config.parsers import RUN_OPTIONS, parse_judgement

__all__ = [
    "INVOCATIONS",
    "MOST_INVOCATIONS",
    "RESULTS_FOLDER",
    "RUN_OPTIONS",
    "LocalOptions",
    "RunOptions",
    "TuningRequest",
    "execution_input",
    "load_local",
    "load_run",
    "parse_judgement",
    "parse_request",
]
