"""A tuning run as a versioned JSON file: every invocation, raw, so that judgement can always be derived again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from powertune import documents, files
from powertune.design_document import DesignDocument
from powertune.documents import Raw, Schema
from powertune.errors import UsageError
from powertune.figures import MOST
from powertune.invocation_columns import read_columns, write_columns
from powertune.model import (
    Architecture,
    Batch,
    Configuration,
    Design,
    Exploration,
    Leader,
    Measurement,
    Traffic,
    Trial,
    TuningRun,
)
from powertune.run_document import BatchEntry, RunDocument

#: Additions keep the number, for readers ignore what they do not know; a change of meaning raises it.
_SCHEMA = Schema(
    kind="powertune/run",
    version=1,
    called="results file",
    remedy="measure again, or give a file that `powertune run` wrote",
    mistaken=(
        (
            "powertune/analysis",
            "not a results file but the analysis that --format json prints",
            "give the results file that the analysis was made from",
        ),
        ("powertune/scan", "not a results file but a scan", "show it with `powertune report`"),
        (
            "powertune/functions",
            "not a results file but the summary of several functions",
            "give the results file of one function; `results_file` in the summary names it",
        ),
        (
            "powertune/function-plans",
            "not a results file but the plans of several functions",
            "measure them, and give the results file of one",
        ),
        ("powertune/gate", "not a results file but what a gate has said", "give the results file that it judged"),
    ),
)
SCHEMA = _SCHEMA.header
#: What a run has measured at most, and what was known before it: twice all multiples of 64 MB, and some. A search
#: compares all of them with each other.
_MOST_CONFIGURATIONS = 350


def dump(run: TuningRun) -> bytes:
    """The results file of a run: UTF-8 JSON with one line per column, so that a person can find their way.

    Invocations are kept as columns; a value that all of a measurement's invocations share stands there once, instead
    of a list (as `pandas.DataFrame(columns)` takes it). `started_at` is always a list.

    Raises:
        ValueError: a figure is NaN or infinite, which no measurement can be.
    """
    document = {
        "schema": SCHEMA,
        **_values(run, TuningRun),
        "design": DesignDocument.of(run.design),
        "measurements": [
            {**_flat(measurement), "invocations": write_columns(measurement.invocations)}
            for measurement in run.measurements
        ],
        "batches": [
            {
                **_values(batch, Batch),
                "leader": None if batch.leader is None else _flat(batch.leader),
                "trials": [_flat(trial) for trial in batch.trials],
            }
            for batch in run.batches
        ],
    }
    return documents.write(document)


def parse(data: bytes | str) -> TuningRun:
    """The run that a results file holds.

    Raises:
        UsageError: not a results file, incomplete, damaged, or written by a newer powertune.
    """
    document = documents.read(data.encode(errors="replace") if isinstance(data, str) else data, RunDocument, _SCHEMA)
    found = _values(document, TuningRun, "measurements")
    entries = [(_nested(Measurement, each, "invocations"), each.invocations.copy()) for each in document.measurements]
    del data, document  # a million invocations take much memory: their text is let go of as they are read
    design = found["design"].design()
    _check_whole(design, entries, found["traffic"])
    # Files from before the payloads were kept do not say how many there were.
    payloads = len(design.search.weights if isinstance(design.search, Exploration) else design.payloads) or MOST
    measurements: list[Measurement] = []
    entries.reverse()
    while entries:
        arguments, text = entries.pop()
        place = f"measurements[{len(measurements)}].invocations"
        invocations = read_columns(text, _SCHEMA, place, arguments["configuration"])
        if max(invocations.column("payload"), default=0) >= payloads:
            raise _SCHEMA.wrong(f"{place}.payload", max(invocations.column("payload")))
        measurements.append(Measurement(**arguments, invocations=invocations))
    batches = tuple(_batch(index, batch) for index, batch in enumerate(found["batches"]))
    return TuningRun(**found | {"design": design, "measurements": tuple(measurements), "batches": batches})


def save(run: TuningRun, path: Path) -> None:
    """Write the results file.

    Raises:
        UsageError: the file cannot be written.
    """
    files.write(dump(run), path)


def load(path: Path) -> TuningRun:
    """Read a results file.

    Raises:
        UsageError: it cannot be read, or `parse` refuses it; the message names the path.
    """
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}", hint="check the path") from error
    except UsageError as error:
        raise UsageError(f"{str(path)!r}: {error.message}", hint=error.hint) from error


def _check_whole(design: Design, entries: Sequence[tuple[dict[str, Any], Raw]], traffic: Traffic | None) -> None:
    """Refuse what each field may be, but not all of them together."""
    if len(entries) > _MOST_CONFIGURATIONS:
        raise _SCHEMA.damaged(f"it has {len(entries):,} measurements")
    for configuration, count in Counter(arguments["configuration"] for arguments, _ in entries).items():
        if count > 1:
            raise _SCHEMA.damaged(f"{configuration} is in it twice")
    if traffic is not None and traffic.cold_starts > traffic.reports:
        raise _SCHEMA.damaged(f"{traffic.cold_starts:,} of {traffic.reports:,} reports cannot be cold starts")
    if isinstance(design.search, Exploration):
        if not 0 < len(design.search.architectures) <= len(Architecture):
            raise _SCHEMA.wrong("design.exploration.architectures", design.search.architectures)
        if not design.search.weights:
            raise _SCHEMA.wrong("design.exploration.weights", [])
        if len(design.search.hints) > _MOST_CONFIGURATIONS:
            raise _SCHEMA.damaged(f"it has {len(design.search.hints):,} hints")


def _batch(index: int, entry: BatchEntry) -> Batch:
    leader = entry.leader
    if leader is not None and leader.cost[0] > leader.cost[1]:
        raise _SCHEMA.wrong(f"batches[{index}].leader.cost", leader.cost)
    return Batch(
        why=entry.why,
        leader=None if leader is None else Leader(**_nested(Leader, leader)),
        trials=tuple(Trial(**_nested(Trial, trial)) for trial in entry.trials),
    )


def _values(noun: Any, kind: type[Any], *skip: str) -> dict[str, Any]:
    """The fields of a kind of noun."""
    return {f.name: getattr(noun, f.name) for f in fields(kind) if f.name not in skip}


def _flat(noun: Any) -> dict[str, Any]:
    """The fields of a noun, with those of its configuration instead of it."""
    values = _values(noun, type(noun), "configuration")
    return {**_values(noun.configuration, Configuration), **values}


def _nested(kind: type[Any], entry: Configuration, *skip: str) -> dict[str, Any]:
    """The arguments of a noun that was written flat."""
    configuration = Configuration(**_values(entry, Configuration))
    return {**_values(entry, kind, "configuration", *skip), "configuration": configuration}
