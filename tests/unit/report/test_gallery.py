"""The gallery is what the code makes of its recorded runs."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from powertune.cli.app import run_app

REPORTS = Path(__file__).parents[3] / "reports"
RUNS = sorted(path.parent.name for path in REPORTS.glob("*/run.json"))
#: plotly itself, which is not ours, and differs with its version.
_BUNDLE = re.compile(r"<script[^>]*>[^<]{0,200}plotly\.js v.*?</script>", re.DOTALL)


def test_there_are_runs_and_each_is_in_the_table() -> None:
    assert len(RUNS) >= 3
    table = (REPORTS / "README.md").read_text()
    assert all(f"`{name}`" in table for name in RUNS)


@pytest.mark.long
@pytest.mark.parametrize("name", RUNS)
def test_the_reports_are_fresh(name: str, tmp_path: Path) -> None:
    folder = REPORTS / name
    assert run_app(["report", str(folder / "run.json"), "-q", "-o", f"{tmp_path}/report.{{html,png,md,txt}}"]) == 0
    for file in ("report.md", "report.txt"):
        assert (tmp_path / file).read_text() == (folder / file).read_text(), "make gallery"
    drawn, kept = (image.imread(place / "report.png").astype(np.float64) for place in (tmp_path, folder))
    assert drawn.shape == kept.shape, "make gallery"
    # Another version of matplotlib may smooth an edge differently, and no more.
    assert float(np.abs(drawn - kept).mean()) < 0.01, "make gallery"
    written, old = (own_part((place / "report.html").read_text()) for place in (tmp_path, folder))
    assert written == old, "make gallery"


def own_part(page: str) -> str:
    return re.sub(r"sha256-[\w+/=]+", "", _BUNDLE.sub("", page))
