"""A gate for programs: its document."""

from powertune.gate.document import dump_gate
from powertune.gate.result import GateResult


def render_gate_json(result: GateResult) -> bytes:
    """The document `powertune/gate/1`, which can be read back."""
    return dump_gate(result)
