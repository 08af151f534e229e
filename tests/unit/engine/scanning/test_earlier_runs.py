"""What a folder of results files says about functions: the newest run of each, and nothing of other files."""

from pathlib import Path

from factories import make_configuration, make_function, make_measurement, make_run

from powertune import results
from powertune.engine.scanning.earlier_runs import read_earlier_runs
from powertune.prices import PriceTable

PRICES = PriceTable.bundled()
ARN = "arn:aws:lambda:us-east-1:123456789012:function:resize"


def test_the_newest_run_of_a_function_counts(tmp_path: Path) -> None:
    slow = make_measurement(memory_mb=512, durations=[200.0, 201.0, 199.0] * 10, lanes=5)
    fast = make_measurement(memory_mb=1024, durations=[50.0, 51.0, 49.0] * 10, lanes=5)
    function = make_function(arn=f"{ARN}:prod", qualifier="prod", code_sha256="abc=")
    older = make_run(measurements=[slow], function=function, run_id="older", started_at=1_000.0)
    newer = make_run(
        measurements=[slow, fast], function=function, run_id="newer", started_at=2_000.0, finished_at=2_600.0
    )
    results.save(newer, tmp_path / "a.json")
    results.save(older, tmp_path / "b.json")

    (found,) = read_earlier_runs(tmp_path, PRICES).items()

    arn, tuned = found
    assert arn == ARN
    assert (tuned.run_id, tuned.measured_at, tuned.code_sha256) == ("newer", 2_600.0, "abc=")
    assert tuned.p50s_ms == ((make_configuration(512), 200.0), (make_configuration(1024), 50.0))
    assert tuned.recommended == make_configuration(1024)
    assert tuned.file == str(tmp_path / "a.json")
    assert tuned.durations_ms == ((make_configuration(512), 200.0), (make_configuration(1024), 50.0))


def test_other_files_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere.json")
    assert read_earlier_runs(tmp_path, PRICES) == {}
    assert read_earlier_runs(tmp_path / "missing", PRICES) == {}
