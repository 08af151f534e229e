"""The input of an execution of the state machine: AWS Lambda Power Tuning's own names, and ours beside them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from powertune.config import values
from powertune.config.aliases import check_alias_name
from powertune.config.consistency import Naming, check_search, checked
from powertune.config.execution_keys import ALL, ALL_SIZES, DEFAULT, FLAGS, KEYS, OPTION_KEYS
from powertune.config.options import RunOptions
from powertune.config.parsers import RUN, judged
from powertune.errors import UsageError
from powertune.model import FunctionRef, Strategy, Workload
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB, did_you_mean, shown
from powertune.workload import lenient_workload, workload_of

_NAMES = {option: key for key, option in OPTION_KEYS.items()}
_NAMING = Naming(said=lambda name: _NAMES[name], asked=lambda name: _NAMES[name])
#: Options that are true or false, not the words for it: elsewhere, "false" is a text like any other, and so true.
_BOOLEAN = ("onlyColdStarts", "isolate", "inPlace")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/(?:[\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII)
_OBJECT = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._:/-]*?/.+", re.DOTALL)
#: What a request asks for by itself.
_USUAL = RunOptions()
#: The largest share that can be discarded from both ends.
_MOST_DISCARDED = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRequest:
    """What an execution is asked to do.

    `role_arn` is a role to assume before the function is touched. `dry_run` makes the plan, and stops.
    `discard_top_bottom` is the share of invocations that the figures of the output leave out at each end; None for
    the figures of the analysis. With `auto_optimize` the recommendation is put into effect, in a version that
    `auto_optimize_alias` leads to, if there is one.
    """

    target: FunctionRef
    options: RunOptions = _USUAL
    role_arn: str | None = None
    dry_run: bool = False
    include_output_results: bool = False
    discard_top_bottom: float | None = None
    auto_optimize: bool = False
    auto_optimize_alias: str | None = None

    @property
    def only_cold_starts(self) -> bool:
        """Whether every invocation is to start cold."""
        return self.options.only_cold_starts


def parse_request(document: Any, read_s3: Callable[[str], bytes]) -> TuningRequest:
    """What the input of an execution asks for. A key with null is treated as absent.

    Args:
        document: the input, as it was read from JSON.
        read_s3: reads the object at `s3://bucket/key`.

    Raises:
        UsageError: it is not an object, has an unknown key or a wrong value, or contradicts itself.
    """
    given = _given(document)
    target = _target(given)
    flags = {key: _flag(key, given[key]) for key in FLAGS if key in given}
    optimize = flags.get("autoOptimize", False)
    return TuningRequest(
        target=target,
        options=_options(given, flags, _workload(given, read_s3)),
        role_arn=_role(given),
        dry_run=flags.get("dryRun", False),
        include_output_results=flags.get("includeOutputResults", False),
        discard_top_bottom=_discarded(given),
        auto_optimize=optimize,
        auto_optimize_alias=_alias(given, optimize=optimize),
    )


def _given(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise UsageError(
            f"the input {shown(document)} is not an object",
            hint='for example {"lambdaARN": "my-function", "num": 20}',
        )
    for key in document:
        if key not in KEYS:
            keys = f"the keys are {', '.join(KEYS)}"
            raise UsageError(f"unknown key {shown(key)} in the input", hint=_meant(key) or keys)
    return {key: value for key, value in document.items() if value is not None}


def _meant(key: Any) -> str | None:
    """A hint at the key that was meant: in other letters, or as its option is called elsewhere; else None."""
    plain = re.sub(r"[^a-z0-9]", "", str(key)[:100].lower())
    called = {re.sub(r"[^a-z0-9]", "", name.lower()): known for known, name in OPTION_KEYS.items()}
    called |= {known.lower(): known for known in KEYS}
    if plain in called:
        return f"did you mean {called[plain]}?"
    hint = did_you_mean(plain, tuple(called), " ")
    word = re.match(r"did you mean (\w+)\?", hint)
    return None if word is None else f"did you mean {called[word[1]]}?"


def _target(given: Mapping[str, Any]) -> FunctionRef:
    if "lambdaARN" not in given:
        raise UsageError("lambdaARN is missing", hint="give the name or ARN of the function to tune")
    return _function("lambdaARN", given["lambdaARN"])


def _function(key: str, value: Any) -> FunctionRef:
    try:
        return values.function(key, value)
    except UsageError:
        raise UsageError(
            f"{key} {shown(value)} is not the name or ARN of a Lambda function",
            hint="give an ARN, a name or name:alias, in quotes",
        ) from None


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(
            f"{key} {shown(value)} is neither true nor false", hint="write true or false, without quotes"
        )
    return value


def _workload(given: Mapping[str, Any], read_s3: Callable[[str], bytes]) -> Workload | None:
    """The events to send; None where none are given."""
    if "payload" in given and "payloadS3" in given:
        raise UsageError("payload and payloadS3 are both given", hint="give one of them")
    if "payload" in given:
        return workload_of(given["payload"], "payload")
    if "payloadS3" not in given:
        return None
    uri = given["payloadS3"]
    if not isinstance(uri, str) or not _OBJECT.fullmatch(uri):
        raise UsageError(f"payloadS3 {shown(uri)} is not an object in S3", hint="write s3://bucket/key")
    return lenient_workload(read_s3(uri), uri)


def _options(given: Mapping[str, Any], flags: Mapping[str, bool], workload: Workload | None) -> RunOptions:
    asked = {OPTION_KEYS[key]: _parsed(key, _whole(value)) for key, value in given.items() if key in OPTION_KEYS}
    asked["strategy"] = _strategy(given)
    if "in_place" in asked:
        in_place = asked.pop("in_place")
        if asked.setdefault("isolate", not in_place) is in_place:
            raise UsageError("inPlace and isolate contradict each other", hint="leave out one of them, or both")
    if flags.get("parallelInvocation") is False:
        asked["environments"] = _one_at_a_time(given)
    named = {"architectures" if name == "arch" else name: value for name, value in judged(asked).items()}
    options = RunOptions(**named) if workload is None else RunOptions(**named, workload=workload)
    check_search(options, asked, _NAMING)
    return checked(options, asked, _NAMING)


def _parsed(key: str, value: Any) -> Any:
    match key:
        case "powerValues":
            return _sizes(value)
        case "strategy":
            return None  # needs more than its own value
        case "preProcessorARN" | "postProcessorARN":
            return _function(key, value)
        case _ if key in _BOOLEAN:
            return _flag(key, value)
        case _ if isinstance(value, bool):
            raise UsageError(f"{key} {shown(value)} is neither a number nor a text", hint="write its value")
    return RUN[OPTION_KEYS[key]](key, value)


def _whole(value: Any) -> Any:
    """A number as JSON writers may put it: 20.0 for 20."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _sizes(value: Any) -> tuple[int, ...]:
    if value == ALL:
        return ALL_SIZES
    items = value.split(",") if isinstance(value, str) else value
    hint = f'for example [128, 512, 1024], or "{ALL}"'
    if value in ("", []):
        raise UsageError(f"powerValues {shown(value)} is empty", hint=hint)
    if not isinstance(items, list):
        raise UsageError(f"powerValues {shown(value)} is not a list of memory sizes", hint=hint)
    if len(items) > values.MOST_SIZES:
        raise UsageError(f"powerValues has {len(items):,} sizes, more than {values.MOST_SIZES}", hint="take fewer")
    size = values.whole(MEMORY_MIN_MB, MEMORY_MAX_MB)
    sizes = [_size(item, size, hint) for item in items]
    if len(set(sizes)) < len(sizes):
        twice = next(each for each in sizes if sizes.count(each) > 1)
        raise UsageError(f"powerValues names {twice} MB twice", hint="name each size once")
    return tuple(sorted(sizes))


def _size(item: Any, parse: values.Parser, hint: str) -> int:
    if isinstance(item, bool) or not isinstance(item, int | float | str):
        raise UsageError(f"powerValues has {shown(item)}, which is not a memory size in MB", hint=hint)
    size: int = parse("powerValues", _whole(item))
    return size


def _strategy(given: Mapping[str, Any]) -> Strategy:
    """What to look for. Without a word of it, that is `cost`, as in AWS Lambda Power Tuning: an input that was
    written for it is to get the same answer here. Our own default, which trades cost for speed, has to be asked for.
    """
    if "strategy" not in given:
        if "costTolerance" in given:
            raise UsageError(
                'costTolerance is not for the strategy "cost", which is that of an input without a strategy',
                hint=f'add "strategy": "{DEFAULT}"',
            )
        return Strategy.COST
    value = given["strategy"]
    known = [str(each) for each in Strategy if each is not Strategy.TOLERANCE]
    if value in (DEFAULT, str(Strategy.TOLERANCE)):
        return Strategy.TOLERANCE
    if value not in known:
        raise UsageError(f"unknown strategy {shown(value)}", hint=did_you_mean(value, [*known, DEFAULT]))
    return Strategy(value)


def _one_at_a_time(given: Mapping[str, Any]) -> int:
    """How many environments of a size are used where invocations are not to be parallel."""
    if given.get("onlyColdStarts"):
        raise UsageError(
            "parallelInvocation false contradicts onlyColdStarts: an invocation only starts cold beside others",
            hint="leave parallelInvocation out",
        )
    if given.get("environments", 1) not in (1, "1"):
        raise UsageError(
            f"parallelInvocation false contradicts environments {shown(given['environments'])}",
            hint="leave one of them out",
        )
    return 1


def _role(given: Mapping[str, Any]) -> str | None:
    role = given.get("roleArn")
    if role is not None and not (isinstance(role, str) and _ROLE.fullmatch(role)):
        raise UsageError(
            f"roleArn {shown(role)} is not the ARN of a role",
            hint="for example arn:aws:iam::123456789012:role/tuning",
        )
    return role


def _discarded(given: Mapping[str, Any]) -> float | None:
    if "discardTopBottom" not in given:
        return None
    value = given["discardTopBottom"]
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not 0 <= value <= _MOST_DISCARDED:
        raise UsageError(
            f"discardTopBottom {shown(value)} is not a number from 0 to {_MOST_DISCARDED}", hint="for example 0.2"
        )
    return float(value)


def _alias(given: Mapping[str, Any], *, optimize: bool) -> str | None:
    alias = given.get("autoOptimizeAlias")
    if alias is None:
        return None
    name = check_alias_name("autoOptimizeAlias", alias)
    if not optimize:
        raise UsageError("autoOptimizeAlias needs autoOptimize", hint='add "autoOptimize": true, or leave it out')
    return name
