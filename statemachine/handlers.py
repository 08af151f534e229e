"""The workers of both state machines: one handler for each state. What they do is in `powertune.engine.steps`."""

import os
import time
from importlib import import_module
from pkgutil import resolve_name
from typing import Any

from powertune.config.execution_words import error_in_keys
from powertune.engine.steps.worker import worker_here
from powertune.errors import PowertuneError

Event = dict[str, Any]
_STEPS = "powertune.engine.steps"
#: What each handler needs, beside boto3: no more is imported.
_MODULES = {
    "prepare": "measuring",
    "publish": "measuring",
    "measure": "measuring",
    "record": "measuring",
    "restore": "ending",
    "analyze": "judging",
    "apply": "ending",
    "scan_targets": "scanning",
    "scan_place": "scanning",
    "scan_reduce": "scanning",
}


def prepare(event: Event, context: Any) -> Any:
    """Check the input, plan, and take the lock."""
    return _step("measuring:prepare", event, context)


def publish(event: Event, context: Any) -> Any:
    """Publish the sizes to measure next."""
    return _step("measuring:publish", event, context)


def measure(event: Event, context: Any) -> Any:
    """Measure one size."""
    return _step("measuring:measure", event, context)


def record(event: Event, context: Any) -> Any:
    """Put together what was measured, and propose what is next."""
    return _step("measuring:record", event, context)


def restore(event: Event, context: Any) -> Any:
    """Leave the function as it was found: in a run, or when EventBridge tells that an execution has ended."""
    return _step("ending:restore_stopped" if "detail" in event else "ending:restore_function", event, context)


def analyze(event: Event, context: Any) -> Any:
    """Judge the run, and write its results file."""
    return _step("judging:judge", event, context)


def apply(event: Event, context: Any) -> Any:
    """Give the function the recommended size."""
    return _step("ending:apply", event, context)


def scan_targets(event: Event, context: Any) -> Any:
    """Find the places of a scan."""
    return _step("scanning:find_places", event, context)


def scan_place(event: Event, context: Any) -> Any:
    """Scan one account in one region."""
    return _step("scanning:scan_place", event, context)


def scan_reduce(event: Event, context: Any) -> Any:
    """Make one scan of all places, and keep it."""
    return _step("scanning:combine", event, context)


def _step(name: str, event: Event, context: Any) -> Any:
    """Take a step. Step Functions shows a failure's class and message: these hold the hint, in keys of the input."""
    ends_at = time.time() + context.get_remaining_time_in_millis() / 1000
    bucket, arn, request_id = os.environ["POWERTUNE_BUCKET"], context.invoked_function_arn, context.aws_request_id
    step = resolve_name(f"{_STEPS}.{name}")
    try:
        return step(worker_here(bucket, arn, request_id, ends_at), event)
    except PowertuneError as error:
        raise type(type(error).__name__, (Exception,), {})(error_in_keys(error)) from None


# Lambda's init phase has a whole processor, whatever the memory size: what this handler needs is imported there.
_handler = os.environ.get("_HANDLER", "").rpartition(".")[2]
if _handler in _MODULES:
    import_module("boto3")
    import_module(f"{_STEPS}.{_MODULES[_handler]}")
