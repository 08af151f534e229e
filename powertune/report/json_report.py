"""The analysis document as JSON, for programs."""

import json

from powertune.analysis import Analysis
from powertune.report.document import analysis_document


def render_json(analysis: Analysis) -> bytes:
    """JSON in ASCII with a final newline; strict, so without NaN and Infinity."""
    text = json.dumps(analysis_document(analysis), indent=2, allow_nan=False)
    return (text + "\n").encode()
