import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from factories import HOSTILE, START, hostile_analysis, make_invocation, make_measurement, make_run, recorded

from powertune import results
from powertune.model import INVOCATION_FIELDS, Architecture, Status

PAGE = Path(__file__).parents[3] / "docs/how-to/notebook.md"


def test_there_is_a_row_for_every_invocation_in_order() -> None:
    run = recorded().run
    frame = run.to_frame()
    assert len(frame) == sum(len(m.invocations) for m in run.measurements)
    for (_, row), (measurement, invocation) in zip(
        frame.iterrows(), ((m, i) for m in run.measurements for i in m.invocations), strict=True
    ):
        assert row["memory_mb"] == measurement.configuration.memory_mb
        assert row["architecture"] == measurement.configuration.architecture
        assert row["status"] == invocation.status
        assert row["lane"] == invocation.lane
        assert row["duration_ms"] == invocation.duration_ms or pd.isna(row["duration_ms"])


def test_columns_are_the_fields_with_the_configuration_and_the_population() -> None:
    frame = recorded().run.to_frame()
    assert {*frame.columns} == {*INVOCATION_FIELDS, "reported_memory_mb", "architecture", "population"}
    assert set(frame["population"].cat.categories) == {"warm", "cold", "failed", "missing"}


def test_unknown_is_missing_and_times_are_in_utc() -> None:
    lost = make_invocation(duration_ms=None, status=Status.MISSING, max_memory_used_mb=None, request_id=None)
    never = make_invocation(started_at=1e300)
    run = make_run(measurements=[make_measurement(cold=0, architecture=Architecture.ARM64, others=[lost, never])])
    frame = run.to_frame()
    missing = frame.loc[0, ["duration_ms", "billed_ms", "init_ms", "max_memory_used_mb", "request_id"]]
    assert missing.isna().all()
    assert frame["started_at"][0] == pd.Timestamp(START, unit="s", tz="UTC")
    assert pd.isna(frame["started_at"][1])
    assert frame["billed_ms"][1] == 100


def test_types_are_the_same_with_and_without_rows() -> None:
    empty, full = make_run().to_frame(), recorded().run.to_frame()
    assert list(empty.columns) == list(full.columns)
    assert len(empty) == 0
    for name in full.columns:
        assert full[name].dtype == empty[name].dtype or isinstance(full[name].dtype, pd.CategoricalDtype), name
    assert full["duration_ms"].dtype == np.dtype("float64")
    assert str(full["started_at"].dtype) == "datetime64[ns, UTC]"
    assert str(full["billed_ms"].dtype) == "Int64"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_texts_are_as_they_were(text: str) -> None:
    assert text in set(hostile_analysis(text).run.to_frame()["error_type"])


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results.save(recorded().run, tmp_path / "run.json")
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, str(PAGE), "exec"), names)
    assert isinstance(names["summary"], pd.DataFrame)
    assert set(names["summary"].index.get_level_values("memory_mb")) == {128, 256, 512, 1024}


def test_the_page_names_every_column() -> None:
    text = PAGE.read_text()
    assert [name for name in recorded().run.to_frame().columns if f"`{name}`" not in text] == []


@pytest.mark.long
def test_no_report_but_a_frame_needs_pandas() -> None:
    """Half a second that nobody waits for who asks for a table."""
    code = "import sys, powertune.cli.tables.run, powertune.report; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
