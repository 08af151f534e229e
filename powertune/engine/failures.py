"""Failures of an execution as ours: Step Functions knows the name of the class, and a text with message and hint."""

from collections.abc import Iterator

from powertune.aws.executions import ABORTED, FAILED, TIMED_OUT, Execution
from powertune.errors import Inconclusive, PowertuneError, Unavailable

#: Names that Step Functions and Lambda give to failures of their own.
_OF_AWS = ("States.", "Lambda.", "Sandbox.", "Runtime.", "Function.")
_AGAIN = "start another execution; the history of this one shows which state has failed"


def why_ended(execution: Execution) -> PowertuneError:
    """Why an execution did not succeed."""
    if execution.status == FAILED:
        return failure_of(execution.error, execution.cause)
    how = {ABORTED: "was stopped", TIMED_OUT: "has run into its timeout"}.get(
        execution.status, f"has ended as {execution.status}"
    )
    because = f": {execution.cause}" if execution.cause else ""
    return Inconclusive(f"execution {execution.arn.name} {how}{because}", hint="start another execution")


def failure_of(error: str | None, cause: str | None) -> PowertuneError:
    """The error that an execution has failed with.

    Args:
        error: the name of a class in `powertune.errors`, or what AWS calls a failure.
        cause: its message, then `; ` and its hint, as the workers write it.
    """
    kinds = {kind.__name__: kind for kind in _kinds(PowertuneError)}
    kind = kinds.get(error or "")
    text = cause or "no cause is given"
    if kind is None:
        named = f"the execution has failed: {error or 'without an error'}: {text}"
        of_aws = error is None or error.startswith(_OF_AWS)
        return (Unavailable if of_aws else PowertuneError)(named, hint=_AGAIN)
    # The message may hold the separator as well, as where undoing has several things to say.
    message, found, hint = text.rpartition("; ")
    return _plain(kind)(message, hint=hint) if found else _plain(kind)(text)


def _kinds(kind: type[PowertuneError]) -> Iterator[type[PowertuneError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _plain(kind: type[PowertuneError]) -> type[PowertuneError]:
    """The class itself, or the nearest above it, that is made of nothing but a message and a hint."""
    above = (each for each in kind.__mro__ if issubclass(each, PowertuneError))
    return next(each for each in above if "__init__" not in vars(each) or each is PowertuneError)
