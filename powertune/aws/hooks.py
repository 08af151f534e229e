"""A function that is invoked before or after each invocation, outside of the measurement."""

from powertune.aws.client import Aws
from powertune.aws.invocation import invoke_once, own_words
from powertune.errors import UsageError
from powertune.model import FunctionRef

_NOTHING = (b"null", b'""', b"")


def call_hook(aws: Aws, processor: FunctionRef, payload: bytes) -> bytes:
    """Invoke a pre- or post-processor; its output, empty when it says nothing.

    Raises:
        UsageError: it failed, or its answer was lost: what it was to prepare or clear up is not certain.
    """
    sent = invoke_once(aws, function=processor.unqualified, qualifier=processor.qualifier, payload=payload)
    if sent.output is None or sent.invocation.status.failed:
        words = "its answer was lost" if sent.output is None else own_words(sent.output)
        raise UsageError(f"processor {processor} failed: {words}", hint="fix the processor, or run without it")
    return b"" if sent.output in _NOTHING else sent.output
