"""A judged gate as a versioned JSON document."""

from powertune.gate.result import GateResult


def dump_gate(result: GateResult) -> bytes:
    """The document `powertune/gate/1`, as UTF-8."""
    raise NotImplementedError


def parse_gate(data: bytes) -> GateResult:
    """The judged gate that a document holds.

    Raises:
        UsageError: not a gate's document, incomplete, damaged, or written by a newer powertune.
    """
    raise NotImplementedError
