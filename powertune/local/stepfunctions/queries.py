"""JSONata, by the port of the reference implementation to Python, with the functions that Step Functions adds.

Moto writes values into the text of the expression, and has nothing that evaluates it. Here values are bound to names.
"""

import copy
import functools
import hashlib
import json
import math
import random
import re
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from jsonata import JException, Jsonata, Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.utils.json_path import extract_json

from powertune.local.stepfunctions.history import details

_KEPT_PER_THREAD = 256
_MAX_MS = 5_000
_MAX_DEPTH = 500
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)(.*)", re.DOTALL)
_local = threading.local()


class QueryError(Exception):
    """The expression cannot be evaluated, or has no value that JSON knows."""


def fault_in(expression: str) -> str | None:
    """Why the text is no JSONata expression; None if it is one."""
    try:
        Jsonata(expression)
    except JException as error:
        return str(error)
    except (ValueError, IndexError, AttributeError, TypeError) as error:
        return str(error) or type(error).__name__
    return None


def evaluate(expression: str, bindings: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Args:
        expression: without `{%` and `%}`.
        bindings: variables by name, without `$`.

    Raises:
        QueryError: it has none, or none that JSON can express.
    """
    try:
        compiled = _compiled(expression)
        # The time is counted from here, not from when the expression was parsed, which may be long ago.
        compiled.environment.set_runtime_bounds(_MAX_MS, _MAX_DEPTH)
        value = compiled.evaluate(None, {**_FUNCTIONS(), **bindings})
    except (JException, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise QueryError(f"The JSONata expression '{expression}' threw an error: {error}") from error
    if value is None:
        raise QueryError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    plain = Utils.convert_nulls(value)
    try:
        return _plain(plain)
    except TypeError as error:
        message = f"The JSONata expression '{expression}' returned an unsupported result type."
        raise QueryError(message) from error


def _compiled(expression: str) -> Any:
    """The parsed expression. It remembers the input it works on, so every thread has its own."""
    if not hasattr(_local, "compile"):

        @functools.lru_cache(_KEPT_PER_THREAD)
        def compile_expression(text: str) -> Any:
            made = Jsonata(text)
            made.set_output_convert_nulls(False)
            return made

        _local.compile = compile_expression
    return _local.compile(expression)


def _plain(value: Any) -> Any:
    """Lists and dictionaries of Python's own kind.

    Raises:
        TypeError: a function or a regular expression is in it.
    """
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(inner) for inner in value]
    raise TypeError(type(value).__name__)


def _partition(items: Any, size: Any) -> list[Any]:
    step = int(size)
    if step < 1:
        raise QueryError("The chunk size of $partition must be positive")
    listed = items if isinstance(items, list) else [items]
    return [listed[at : at + step] for at in range(0, len(listed), step)]


def _range(first: Any, last: Any, step: Any) -> list[Any]:
    if step == 0:
        raise QueryError("The step of $range must not be 0")
    count = math.floor((last - first) / step) + 1
    return [first + index * step for index in range(max(count, 0))]


def _hash(text: Any, algorithm: Any) -> str:
    if algorithm not in _HASHES:
        raise QueryError(f"$hash does not know the algorithm {algorithm!r}")
    return hashlib.new(_HASHES[algorithm], str(text).encode()).hexdigest()


def _random(seed: Any = None) -> float:
    return random.Random(seed).random()  # noqa: S311 - a value of the user's program, not a secret


def _uuid() -> str:
    return str(uuid.uuid4())


def _parse(text: Any) -> Any:
    return json.loads(text)


@functools.cache
def _FUNCTIONS() -> dict[str, Any]:  # noqa: N802
    functions = {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": _random,
        "uuid": _uuid,
        "parse": _parse,
    }
    return {name: Jsonata.JLambda(function) for name, function in functions.items()}


def failure(env: Any, message: str) -> FailureEventException:
    """The failure of a state whose expression failed, which is also recorded in the history."""
    kind = StatesErrorNameType.StatesQueryEvaluationError
    told = EvaluationFailedEventDetails(cause=message, error=kind.to_name())
    failed = FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=kind),
            event_type=HistoryEventType.EvaluationFailed,
            event_details=details(evaluationFailedEventDetails=told),
        )
    )
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.EvaluationFailed,
        event_details=details(evaluationFailedEventDetails=failed.get_evaluation_failed_event_details()),
    )
    return failed


def eval_expression(self: Any, env: Any) -> None:
    """`StringJSONata._eval_body`: put the value of the expression on the stack."""
    store = env.variable_store
    bindings = {**store._outer_scope, **store._inner_scope, "states": env.states._states_data}
    try:
        env.stack.append(evaluate(self.expression, bindings))
    except QueryError as error:
        raise failure(env, str(error)) from error


def eval_variable(self: Any, env: Any) -> None:
    """`StringVariableSample._eval_body`: a variable, or what a path selects in it."""
    if self.query_language_mode == QueryLanguageMode.JSONata:
        eval_expression(self, env)
        return
    found = _VARIABLE.fullmatch(self.expression)
    name, path = found.groups() if found else (self.expression, "")
    store = env.variable_store
    variables = {**store._outer_scope, **store._inner_scope}
    if name not in variables:
        raise failure(env, f"The variable '${name}' is not defined")
    env.stack.append(copy.deepcopy(extract_json(f"${path}", variables[name]) if path else variables[name]))
