"""The colors and marks of all charts: told apart by the color-blind (Okabe and Ito, 2008), and in black and white."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from powertune.model import Architecture

#: Text; what is secondary; grid lines; what is only background; the page; a panel that holds nothing but words.
INK = "#1B1F24"
MUTED = "#5B6470"
GRID = "#E3E6EA"
FAINT = "#AAB2BD"
PAPER = "#FFFFFF"
EMPTY = "#F6F7F9"

#: The recommendation (Okabe-Ito bluish green), the present configuration, and a size that cannot be used.
RECOMMENDED = "#009E73"
CURRENT = INK
INFEASIBLE = "#5B6470"
#: The line that joins the Pareto front.
FRONT = "#1B1F24"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an architecture is drawn everywhere. `pale` is for bands and boxes.

    Each mark has its name in matplotlib, and in plotly.
    """

    color: str
    pale: str
    marker: str
    symbol: str
    line: str
    dash: str


ARCHITECTURES: Mapping[Architecture, Style] = MappingProxyType(
    {
        Architecture.X86_64: Style(
            color="#0072B2", pale="#B3D4E8", marker="o", symbol="circle", line="-", dash="solid"
        ),
        Architecture.ARM64: Style(
            color="#D55E00", pale="#F6D3B8", marker="s", symbol="square", line="--", dash="dash"
        ),
    }
)
