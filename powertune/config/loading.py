"""powertune.toml or pyproject.toml, the environment and the command line -> frozen options, parsed once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from powertune.config import values
from powertune.config.consistency import check_search, checked
from powertune.config.from_file import from_file, inside
from powertune.config.option_names import GATE_KEYS, RENAMED, from_environment, placed
from powertune.config.options import LocalOptions, RunOptions
from powertune.config.parsers import RUN, judged
from powertune.config.toml import read_table, refuse_unknown
from powertune.config.values import Parser
from powertune.workload import parse_workload


def load_run(
    folder: Path,
    environment: Mapping[str, str],
    options: Mapping[str, Any],
    read_payload: Callable[[str, Path], bytes],
    usual_payload: str | None = None,
) -> RunOptions:
    """Options from the command line, then POWERTUNE_* variables, then the `run` table of the configuration file.

    File names in the configuration file are relative to its folder, others to the current folder.

    Args:
        options: from the command line; None means not given.
        read_payload: reads what a payload option names (`@file`, `s3://bucket/key`, or the text itself); file names
            are relative to the folder.
        usual_payload: the default payload, as if it were in the configuration file.

    Raises:
        UsageError: an unknown key, an invalid value, or a path in the file that leaves its folder.
    """
    table = read_table(folder, "run")
    refuse_unknown(table.keys() - RENAMED.keys(), {*RUN, "payload"}, "the table [run]")
    table = placed(table)
    named = {**placed(from_environment(environment, (*RUN, "payload"), GATE_KEYS)), **placed(options)}
    given = {name: (value, Path()) for name, value in named.items()}
    usual = {} if usual_payload is None else {"payload": (usual_payload, folder)}
    settings = {**usual, **{name: (value, folder) for name, value in table.items()}, **given}
    source, base = settings.pop("payload", (None, folder))
    parsed = judged({name: RUN[name](name, value) for name, (value, _) in settings.items()})
    set_by_file = {name: value for name, (value, _) in settings.items() if name not in given}
    if source is not None and "payload" not in given:
        set_by_file["payload"] = source
    told = from_file(folder, set_by_file)
    for name in ("prices", "results_folder"):
        if name in settings:
            parsed[name] = settings[name][1] / parsed[name]
    if "arch" in parsed:
        parsed["architectures"] = parsed.pop("arch")
    if source is not None:
        text = values.payload("payload", source)
        parsed["workload"] = parse_workload(read_payload(text, base), text)
    found = RunOptions(**parsed, from_file=told)
    # Options for the search on the command line or in the environment override the file's.
    decided = {"search", "memory", "only_cold_starts"} & given.keys()
    check_search(found, given if decided else settings)
    return checked(found, settings)


def load_local(folder: Path) -> LocalOptions:
    """The `local` table of the configuration file in the function's folder.

    Raises:
        UsageError: an unknown key, an invalid value, or a script outside of the folder.
    """
    table = read_table(folder, "local")
    refuse_unknown(table, _LOCAL, "the table [local]")
    if isinstance(table.get("setup"), str):
        inside(folder, table["setup"], f"setup {table['setup']!r}")
    return LocalOptions(**{name: _LOCAL[name](name, value) for name, value in table.items()})


_LOCAL: dict[str, Parser] = {
    "handler": values.text,
    "runtime": values.text,
    "memory": values.whole(128, 10_240),
    "timeout": values.whole(1, 900),
    "setup": values.text,
    "payload": values.payload,
    "environment": values.environment,
}
