"""A tuning run as a versioned JSON file: every invocation, raw, so that judgement can always be derived again."""

import json
import reprlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, NoReturn

from powertune import files
from powertune.errors import UsageError
from powertune.figures import LARGEST, MOST, SMALLEST, range_of
from powertune.model import (
    INVOCATION_FIELDS,
    Advisory,
    Architecture,
    Batch,
    Configuration,
    Design,
    Exploration,
    FunctionState,
    Goal,
    Hint,
    Invocation,
    Invocations,
    Leader,
    Limit,
    Measurement,
    PayloadShare,
    Statistic,
    Status,
    Strategy,
    Traffic,
    Trial,
    TuningRun,
)

#: Additions keep the number, for readers ignore what they do not know; a change of meaning raises it.
SCHEMA = "powertune/run/1"
_NESTED = ("function", "design", "measurements", "advisories", "traffic", "batches")
#: What a run has measured at most, and what was known before it: twice a hundred sizes, and some. A search compares
#: all of them with each other.
_MOST_CONFIGURATIONS = 250
#: Fields of an invocation that are called as one of its configuration, but are what Lambda reported.
_REPORTED = {"memory_mb": int | None}
#: Always a list, and so says how many invocations there are.
_UNFOLDED = "started_at"
#: Few distinct texts in a million places: one object for each.
_REPEATED = ("error_type", "executed_version", "environment")
_REMEDY = "measure again, or give a file that `powertune run` wrote"


def dump(run: TuningRun) -> bytes:
    """The results file of a run: UTF-8 JSON with one line per column, so that a person can find their way.

    Invocations are kept as columns; a value that all of a measurement's invocations share stands there once, instead
    of a list (as `pandas.DataFrame(columns)` takes it). `started_at` is always a list.

    Raises:
        ValueError: a figure is NaN or infinite, which no measurement can be.
    """
    document = {
        "schema": SCHEMA,
        **_document(run),
        "function": _document(run.function),
        "design": {
            **_document(run.design),
            "configurations": [_document(configuration) for configuration in run.design.configurations],
            "payloads": [_document(payload) for payload in run.design.payloads],
            "exploration": _explored(run.design.exploration),
        },
        "measurements": [
            {
                **_document(measurement.configuration),
                "unmeasured": measurement.unmeasured,
                "invocations": {
                    name: _folded(name, measurement.invocations.column(name)) for name in INVOCATION_FIELDS
                },
            }
            for measurement in run.measurements
        ],
        "advisories": [_document(advisory) for advisory in run.advisories],
        "traffic": None if run.traffic is None else _document(run.traffic),
        "batches": [_batch_document(batch) for batch in run.batches],
    }
    return ("".join(_lines(document, "\n")) + "\n").encode()


def parse(data: bytes | str) -> TuningRun:
    """The run that a results file holds.

    Raises:
        UsageError: not a results file, incomplete, damaged, or written by a newer powertune.
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise UsageError("not a results file: it is not UTF-8 text", hint=_REMEDY) from error
    del data  # a million invocations take long to read and much memory: keep nothing twice
    document = _read(text)
    del text
    design = _design(_object(document, "design"))
    return TuningRun(
        **_fields(TuningRun, document, skip=_NESTED),
        function=FunctionState(**_fields(FunctionState, _object(document, "function"))),
        design=design,
        measurements=_measurements(document, design),
        advisories=tuple(Advisory(**_fields(Advisory, entry)) for entry in _objects(document, "advisories")),
        traffic=_traffic(document),
        # Files from before there was a search lack them.
        batches=tuple(map(_batch, _objects(document, "batches"))) if "batches" in document else (),
    )


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


def _document(noun: Any) -> dict[str, Any]:
    return {f.name: getattr(noun, f.name) for f in fields(noun)}


def _lines(value: Any, indent: str) -> Iterator[str]:
    """Objects, and lists of them, line by line; everything else on one line."""
    inner = indent + " "
    if isinstance(value, dict):
        items: Sequence[tuple[str, Any]] = [(json.dumps(key) + ": ", item) for key, item in value.items()]
        brackets = "{}"
    elif isinstance(value, list) and value:
        items = [("", item) for item in value]
        brackets = "[]"
    else:
        yield json.dumps(value, allow_nan=False, separators=(",", ":"))
        return
    for position, (key, item) in enumerate(items):
        yield (brackets[0] if position == 0 else ",") + inner + key
        yield from _lines(item, inner)
    yield indent + brackets[1]


def _refuse_constant(name: str) -> NoReturn:
    raise UsageError(f"results file holds {name}, which is no measurement", hint=_REMEDY)


def _read(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        stripped = text.strip()
        if stripped.startswith("{") and not stripped.endswith("}"):
            raise UsageError("results file is cut off", hint=_REMEDY) from error
        raise UsageError(f"not a results file: not JSON ({error})", hint=_REMEDY) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == SCHEMA:
        assert isinstance(document, dict)
        return document
    name, _, version = str(schema).rpartition("/")
    if name == "powertune/run" and version.isdigit():
        raise UsageError(f"results file {schema!r} was written by a newer powertune", hint="upgrade powertune")
    if name == "powertune/analysis":
        raise UsageError(
            "not a results file but the analysis that --format json prints",
            hint="give the results file that the analysis was made from",
        )
    raise UsageError('not a results file: it has no "schema" of powertune', hint=_REMEDY)


def _design(entry: Mapping[str, Any]) -> Design:
    return Design(
        **_fields(Design, entry, skip=("configurations", "payloads", "exploration")),
        configurations=tuple(
            Configuration(**_fields(Configuration, configuration))
            for configuration in _objects(entry, "configurations")
        ),
        payloads=tuple(PayloadShare(**_fields(PayloadShare, payload)) for payload in _objects(entry, "payloads")),
        exploration=_exploration(entry),
    )


def _traffic(document: Mapping[str, Any]) -> Traffic | None:
    # Files from before traffic was looked up lack it.
    if document.get("traffic") is None:
        return None
    traffic = Traffic(**_fields(Traffic, _object(document, "traffic")))
    if traffic.cold_starts > traffic.reports:
        raise _damaged(f"{traffic.cold_starts:,} of {traffic.reports:,} reports cannot be cold starts")
    return traffic


def _explored(exploration: Exploration | None) -> dict[str, Any] | None:
    if exploration is None:
        return None
    goal, current = exploration.goal, exploration.current
    limit = None if goal.max_duration is None else _document(goal.max_duration)
    return {
        **_document(exploration),
        "goal": {**_document(goal), "max_duration": limit},
        "current": None if current is None else _document(current),
        "hints": [{**_document(h), "configuration": _document(h.configuration)} for h in exploration.hints],
    }


def _exploration(design: Mapping[str, Any]) -> Exploration | None:
    # Files from before there was a search lack it.
    if design.get("exploration") is None:
        return None
    entry = _object(design, "exploration")
    goal, names, weights = _object(entry, "goal"), entry.get("architectures"), entry.get("weights", [1.0])
    if not isinstance(names, list) or not 0 < len(names) <= len(Architecture):
        raise _wrong("architectures", names)
    if not isinstance(weights, list) or not weights:
        raise _wrong("weights", weights)
    field = next(f for f in fields(Configuration) if f.name == "architecture")
    limited, current = goal.get("max_duration") is not None, entry.get("current") is not None
    hints = _objects(entry, "hints")
    if len(hints) > _MOST_CONFIGURATIONS:
        raise _damaged(f"it has {len(hints):,} hints")
    return Exploration(
        **_fields(Exploration, entry, skip=("architectures", "goal", "current", "hints", "weights")),
        weights=_column(next(f for f in fields(PayloadShare) if f.name == "weight"), weights),
        architectures=_column(field, names),
        goal=Goal(
            **_fields(Goal, goal, skip=("max_duration",)),
            max_duration=Limit(**_fields(Limit, _object(goal, "max_duration"))) if limited else None,
        ),
        current=_configuration(entry, "current") if current else None,
        hints=tuple(
            Hint(**_fields(Hint, hint, skip=("configuration",)), configuration=_configuration(hint, "configuration"))
            for hint in hints
        ),
    )


def _batch_document(batch: Batch) -> dict[str, Any]:
    leader = batch.leader
    return {
        "why": batch.why,
        "leader": None
        if leader is None
        else {**_document(leader.configuration), "cost": leader.cost, "loss": leader.loss},
        "trials": [
            {**_document(t.configuration), "invocations": t.invocations, "lanes": t.lanes} for t in batch.trials
        ],
    }


def _batch(entry: Mapping[str, Any]) -> Batch:
    leader = _object(entry, "leader") if entry.get("leader") is not None else None
    return Batch(
        **_fields(Batch, entry, skip=("trials", "leader")),
        trials=tuple(
            Trial(
                **_fields(Trial, trial, skip=("configuration",)),
                configuration=Configuration(**_fields(Configuration, trial)),
            )
            for trial in _objects(entry, "trials")
        ),
        leader=None
        if leader is None
        else Leader(
            **_fields(Leader, leader, skip=("configuration", "cost")),
            configuration=Configuration(**_fields(Configuration, leader)),
            cost=_interval(leader.get("cost")),
        ),
    )


def _interval(value: object) -> tuple[float, float]:
    match value:
        case [int() | float() as low, int() | float() as high] if 0 <= low <= high <= LARGEST:
            return float(low), float(high)
    raise _wrong("cost", value)


def _configuration(entry: Mapping[str, Any], name: str) -> Configuration:
    return Configuration(**_fields(Configuration, _object(entry, name)))


def _measurements(document: Mapping[str, Any], design: Design) -> tuple[Measurement, ...]:
    entries = _objects(document, "measurements")
    if len(entries) > _MOST_CONFIGURATIONS:
        raise _damaged(f"it has {len(entries):,} measurements")
    # Files from before the payloads were kept do not say how many there were.
    payloads = len(design.exploration.weights if design.exploration else design.payloads) or MOST
    measurements = tuple(_measurement(entry, payloads) for entry in entries)
    for configuration, count in Counter(measurement.configuration for measurement in measurements).items():
        if count > 1:
            raise _damaged(f"{configuration} is in it twice")
    return measurements


def _measurement(entry: Mapping[str, Any], payloads: int) -> Measurement:
    configuration = Configuration(**_fields(Configuration, entry))
    invocations = _invocations(configuration, _object(entry, "invocations"))
    if max(invocations.column("payload"), default=0) >= payloads:
        raise _wrong("payload", max(invocations.column("payload")))
    return Measurement(
        **_fields(Measurement, entry, skip=("configuration", "invocations")),
        configuration=configuration,
        invocations=invocations,
    )


def _invocations(configuration: Configuration, entry: Mapping[str, Any]) -> Invocations:
    present = {name: entry[name] for name in INVOCATION_FIELDS if name in entry}
    lengths = {len(values) for values in present.values() if isinstance(values, list)}
    if len(lengths) != 1:
        raise _damaged(f"the columns of {configuration} have different lengths, or none")
    length = lengths.pop()
    return Invocations({f.name: _unfolded(f, present, length) for f in fields(Invocation)})


def _folded(name: str, values: tuple[Any, ...]) -> Any:
    """A column, or the one value that all its invocations share: half of a large file, and half of its reading."""
    if values and name != _UNFOLDED and values.count(values[0]) == len(values):
        return values[0]
    return values


def _unfolded(f: Field[Any], present: Mapping[str, Any], length: int) -> tuple[Any, ...]:
    if f.name not in present:
        return (_default(f),) * length
    values = present[f.name]
    return _column(f, values) if isinstance(values, list) else _column(f, [values]) * length


def _column(f: Field[Any], values: list[Any]) -> tuple[Any, ...]:
    """One column, checked as a whole: looping over a million values one by one would take seconds."""
    types = set(map(type, values))
    allowed = _TYPES[f.type]
    if not types <= allowed:
        raise _wrong(f.name, next(value for value in values if type(value) not in allowed))
    if f.type in _ENUMS:
        try:
            return tuple(map(_ENUMS[f.type].__getitem__, values))
        except KeyError as error:
            raise _wrong(f.name, error.args[0]) from error
    if float in types or int in types:
        _check_range(f, values if type(None) not in types else [value for value in values if value is not None])
    if float in allowed and int in types:
        return tuple(value if value is None else float(value) for value in values)
    if f.name not in _REPEATED:
        return tuple(values)
    pool: dict[Any, Any] = {}
    return tuple(map(pool.setdefault, values, values))


def _check_range(f: Field[Any], known: list[float]) -> None:
    """Refuse what no figure of a run can be."""
    low, high = (0, LARGEST) if f.type == _REPORTED.get(f.name) else range_of(f.name)
    for extreme in (min(known), max(known)):
        if not low <= extreme <= high:
            raise _wrong(f.name, extreme)
    least = min(filter(None, known), default=0)
    # A moment may be as near to the epoch as it likes: nothing is divided by it.
    if 0 < least < SMALLEST and not f.name.endswith("_at"):
        raise _wrong(f.name, least)


_ENUMS: Mapping[Any, Mapping[str, Any]] = {
    enum: {member.value: member for member in enum} for enum in (Status, Architecture, Strategy, Statistic)
}
_TYPES: Mapping[Any, frozenset[type]] = {
    str: frozenset({str}),
    str | None: frozenset({str, type(None)}),
    int: frozenset({int}),
    int | None: frozenset({int, type(None)}),
    float: frozenset({int, float}),
    float | None: frozenset({int, float, type(None)}),
    bool: frozenset({bool}),
    Status: frozenset({str}),
    Architecture: frozenset({str}),
    Strategy: frozenset({str}),
    Statistic: frozenset({str}),
}


def _fields(noun: type[Any], entry: Mapping[str, Any], skip: Sequence[str] = ()) -> dict[str, Any]:
    """The arguments of a noun, each checked against its annotation."""
    return {
        f.name: _column(f, [entry[f.name]])[0] if f.name in entry else _default(f)
        for f in fields(noun)
        if f.name not in skip
    }


def _default(f: Field[Any]) -> Any:
    # A missing status is not a success.
    if f.default is MISSING or f.name == "status":
        raise _damaged(f"{f.name!r} is missing")
    return f.default


def _wrong(name: str, value: object) -> UsageError:
    return _damaged(f"{name} cannot be {reprlib.repr(value)}")


def _damaged(how: str) -> UsageError:
    return UsageError(f"results file is damaged: {how}", hint=_REMEDY)


def _object(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = entry.get(name)
    if not isinstance(value, dict):
        raise _wrong(name, value)
    return value


def _objects(entry: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    value = entry.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _wrong(name, value)
    return value
