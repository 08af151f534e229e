"""The colors of the HTML report, light and dark, as CSS custom properties that text and charts share."""

from collections.abc import Mapping
from types import MappingProxyType

from powertune.model import Architecture
from powertune.report.palette import ARCHITECTURES, FAINT, GRID, INK, MUTED, PAPER, RECOMMENDED

#: How much of an architecture's color a band of intervals has.
_BAND = 0.18

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "page": "#F5F6F8",
        "card": PAPER,
        "ink": INK,
        "muted": MUTED,
        "grid": GRID,
        "faint": FAINT,
        "focus": "#0057B8",
        "recommended": RECOMMENDED,
        "recommended-ink": "#00694C",
        "recommended-wash": "#E3F4EE",
        "caution": "#B45309",
        "caution-ink": "#8A3D00",
        "caution-wash": "#FDF3E4",
        **{str(architecture): style.color for architecture, style in ARCHITECTURES.items()},
    }
)
#: On a dark page the palette's blue and vermillion are too dim: its sky blue and orange take their place.
DARK: Mapping[str, str] = MappingProxyType(
    {
        "page": "#0F1317",
        "card": "#171C22",
        "ink": "#E9ECF0",
        "muted": "#A6B0BB",
        "grid": "#2B333C",
        "faint": "#66717E",
        "focus": "#7DB8FF",
        "recommended": "#2BC59A",
        "recommended-ink": "#4FD8B0",
        "recommended-wash": "#12302A",
        "caution": "#E69F00",
        "caution-ink": "#F2B84B",
        "caution-wash": "#2E2413",
        Architecture.X86_64.value: "#56B4E9",
        Architecture.ARM64.value: "#E69F00",
    }
)


def theme_css() -> str:
    """Custom properties for both schemes: the system's choice, unless the page's `data-theme` says otherwise."""
    light, dark = _properties(LIGHT, "light"), _properties(DARK, "dark")
    return (
        f":root{{{light}}}\n"
        f"@media (prefers-color-scheme: dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n"
        f"@media print{{:root:root:root{{{light}}}}}\n"
    )


def _properties(theme: Mapping[str, str], scheme: str) -> str:
    bands = {f"{architecture}-band": _translucent(theme[architecture]) for architecture in Architecture}
    return f"color-scheme:{scheme};" + ";".join(
        f"--{name}:{color}" for name, color in (*theme.items(), *bands.items())
    )


def _translucent(color: str) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_BAND})"
