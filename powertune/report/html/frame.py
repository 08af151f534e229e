"""What all HTML pages are made with: autoescaped templates, data that cannot end a script, and a strict policy."""

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from powertune.units import printable

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str) -> "Template":
    """A template that escapes every text, and takes the control characters out of it."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    def harmless(value: object) -> object:
        return value if isinstance(value, Markup) else printable(str(value))

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(asset),
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@cache
def asset(name: str) -> str:
    """A file of the template folder, with the line endings that a browser sees when it checks the digest."""
    text = (resources.files("powertune.report.html") / "templates" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def policy(*, scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A Content-Security-Policy that lets exactly these texts run, and nothing be fetched.

    Images are what the charts make of themselves when they are saved.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_digest, scripts))}",
            f"style-src {' '.join(map(_digest, styles))}",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def script_data(data: Any) -> str:
    """What a script works with, as JSON without any character that means something to HTML."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
