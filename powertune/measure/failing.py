"""Whether a function fails for a reason that no memory size changes."""

from collections.abc import Mapping

from powertune.model import Configuration, Measurement, Status

#: Errors of Lambda's runtimes which say that the code cannot even be loaded: one of them is enough.
_OF_THE_PACKAGE = frozenset(
    {
        "Runtime.HandlerNotFound",
        "Runtime.ImportModuleError",
        "Runtime.InvalidEntrypoint",
        "Runtime.MalformedHandlerName",
        "Runtime.UserCodeSyntaxError",
    }
)
#: Errors of Python and JavaScript which say nothing but that code or event are wrong.
_OF_THE_CODE = frozenset(
    {
        "AttributeError",
        "IndexError",
        "KeyError",
        "ModuleNotFoundError",
        "NameError",
        "ReferenceError",
        "SyntaxError",
        "TypeError",
    }
)
#: What the name of an error holds that more memory, and so more CPU, may cure.
_OF_THE_SIZE = ("memory", "heap", "timeout", "timedout", "exiterror")


def fails_anyway(measured: Mapping[Configuration, Measurement]) -> bool:
    """Whether all that was invoked has failed, and would at any other size.

    One size shows it where the error is one of the code or of the event, and no single mishap. Any other error must
    have ended all invocations at two sizes, as it may be due to the size after all. A kill for memory and a timeout
    always may.
    """
    invoked = [measurement.invocations for measurement in measured.values() if len(measurement.invocations)]
    statuses = {status for each in invoked for status in each.column("status")}
    kinds = {kind for each in invoked for kind in each.column("error_type")}
    if not invoked or not statuses <= {Status.ERROR, Status.CRASH} or len(kinds) != 1:
        return False
    kind = kinds.pop()
    if kind is None or any(word in kind.lower() for word in _OF_THE_SIZE):
        return False
    twice = sum(map(len, invoked)) > 1
    return kind in _OF_THE_PACKAGE or (kind in _OF_THE_CODE and twice) or len(invoked) > 1
