import json
import os
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import make_invocation, make_measurement, make_run
from hypothesis import given
from hypothesis import strategies as st
from strategies import batches, explorations, runs

from powertune import files
from powertune.errors import UsageError
from powertune.model import INVOCATION_FIELDS, Architecture, Batch, Exploration, Status, TuningRun
from powertune.results import SCHEMA, dump, load, parse, save

RUN = make_run(
    measurements=[
        make_measurement(durations=[10.5, 11.25, 12.0], others=[make_invocation(status=Status.TIMEOUT)]),
        make_measurement(memory_mb=1024, architecture=Architecture.ARM64, cold=0),
    ]
)


@pytest.mark.long
@given(runs)
def test_a_run_survives_its_file(run: TuningRun) -> None:
    data = dump(run)
    again = parse(data)
    assert again == run
    assert parse(data.decode()) == run
    assert dump(again) == data
    for measurement in again.measurements:
        assert all(isinstance(status, Status) for status in measurement.invocations.column("status"))
        assert isinstance(measurement.configuration.architecture, Architecture)


@pytest.mark.long
@given(runs, explorations, st.lists(batches, max_size=3))
def test_a_search_survives_its_file(run: TuningRun, exploration: Exploration, chosen: list[Batch]) -> None:
    searched = replace(run, design=replace(run.design, search=exploration), batches=tuple(chosen))
    again = parse(dump(searched))
    assert again == searched
    assert again.design.goal == exploration.goal


def test_a_file_from_before_goals_were_kept_has_none() -> None:
    document = json.loads(dump(RUN))
    for name in ("goal", "usage", "prices_as_of"):
        del document["design"][name]
    design = parse(json.dumps(document)).design
    assert (design.goal, design.usage, design.prices_as_of) == (None, None, None)


def test_half_of_a_surrogate_pair_costs_nothing_but_itself() -> None:
    broken = replace(RUN, stopped="a\ud800b")
    assert json.loads(dump(broken))["stopped"] == "a\ud800b"
    assert parse(dump(broken)) == replace(RUN, stopped="a?b")


def test_invocations_are_columns_and_what_is_shared_stands_there_once() -> None:
    document = json.loads(dump(RUN))
    first, second = document["measurements"]
    assert document["schema"] == SCHEMA == "powertune/run/1"
    assert tuple(first["invocations"]) == INVOCATION_FIELDS
    assert first["invocations"]["duration_ms"] == [100.0, 10.5, 11.25, 12.0, 100.0]
    assert first["invocations"]["status"] == ["ok", "ok", "ok", "ok", "timeout"]
    assert first["invocations"]["executed_version"] == "1"
    assert first["invocations"]["trace_id"] is None
    assert isinstance(first["invocations"]["started_at"], list)
    assert second["invocations"]["started_at"] == []


def test_every_column_has_a_line_of_its_own() -> None:
    lines = dump(RUN).decode().splitlines()
    assert '    "duration_ms": [100.0,10.5,11.25,12.0,100.0]' in [line.rstrip(",") for line in lines]


def test_plain_columns_are_read_as_well() -> None:
    document = json.loads(dump(RUN))
    for measurement in document["measurements"]:
        columns = measurement["invocations"]
        count = len(columns["started_at"])
        for name, column in columns.items():
            columns[name] = column if isinstance(column, list) else [column] * count
    assert parse(json.dumps(document)) == RUN


def test_whole_milliseconds_are_durations_too() -> None:
    document = json.loads(dump(RUN))
    document["measurements"][0]["invocations"]["duration_ms"] = [100, 10.5, 11.25, None, 100]
    durations = parse(json.dumps(document)).measurements[0].invocations.column("duration_ms")
    assert durations == (100.0, 10.5, 11.25, None, 100.0)
    assert type(durations[0]) is float


def test_what_a_later_version_adds_is_ignored_and_what_it_did_not_know_has_its_default() -> None:
    document = json.loads(dump(RUN))
    document["mood"] = "good"
    document["function"]["mood"] = "good"
    document["measurements"][0]["invocations"]["mood"] = "good"
    del document["throttles"]
    del document["function"]["snapstart"]
    del document["measurements"][0]["unmeasured"]
    del document["measurements"][0]["invocations"]["trace_id"]
    assert parse(json.dumps(document)) == RUN


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


COLUMNS = ("measurements", 0, "invocations")
AT = r"measurements\[0\]\.invocations"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("schema", value="powertune/run/2"), "written by a newer powertune"),
        (put("schema", value="powertune/analysis/1"), "the analysis that --format json prints"),
        (put("schema", value="powertune/functions/1"), "not a results file but the summary of several functions"),
        (put("schema", value="powertune/function-plans/1"), "not a results file but the plans of several functions"),
        (put("schema", value="powertune/run/one"), 'no "schema" of powertune'),
        (drop("schema"), 'no "schema" of powertune'),
        (drop("run_id"), "damaged: 'run_id' is missing"),
        (put("run_id", value=None), "damaged: run_id cannot be None: expected str, got null"),
        (put("started_at", value="now"), "started_at cannot be 'now'"),
        (put("throttles", value=True), "throttles cannot be True"),
        (put("throttles", value=-1), "throttles cannot be -1"),
        (put("function", value=[]), r"function cannot be \[\]: expected object, got array"),
        (drop("function", "name"), "function: 'name' is missing"),
        (put("function", "architecture", value="riscv"), "function.architecture cannot be 'riscv'"),
        (put("function", "memory_mb", value=512.5), "function.memory_mb cannot be 512.5"),
        (
            put("design", "configurations", value=[1]),
            r"configurations\[0\] cannot be 1: expected object",
        ),
        (put("measurements", value={}), "measurements cannot be {}: expected array, got object"),
        (drop("measurements"), "damaged: 'measurements' is missing"),
        (put("measurements", 0, "unmeasured", value=1), r"measurements\[0\].unmeasured cannot be 1"),
        (put("measurements", 0, "architecture", value=["arm64"]), r"measurements\[0\].architecture cannot be"),
        (
            put("measurements", 0, "invocations", value=[]),
            rf"{AT} cannot be \[\]: expected object, got array",
        ),
        (put(*COLUMNS, "duration_ms", value=[1.0]), "512 MB x86_64 have different lengths"),
        (put(*COLUMNS, value={}), rf"{AT}: 'started_at' is missing"),
        (put(*COLUMNS, "started_at", value=[]), "different lengths"),
        (drop(*COLUMNS, "started_at"), "'started_at' is missing"),
        (drop(*COLUMNS, "status"), "'status' is missing"),
        (
            put(*COLUMNS, "status", value="fine"),
            r"measurements\[0\].invocations.status cannot be 'fine': invalid enum value 'fine'",
        ),
        (put(*COLUMNS, "status", value=None), "status cannot be None"),
        (put(*COLUMNS, "duration_ms", value=-1.0), "duration_ms cannot be -1.0"),
        (
            put(*COLUMNS, "duration_ms", value=[1.0, 2.0, 3.0, -0.5, None]),
            r"measurements\[0\].invocations.duration_ms\[3\] cannot be -0.5: expected float >= 0.0",
        ),
        (put(*COLUMNS, "duration_ms", value="fast"), "duration_ms cannot be 'fast'"),
        (put(*COLUMNS, "duration_ms", value=10**400), "duration_ms cannot be 1000000"),
        (put(*COLUMNS, "billed_ms", value=1.5), "billed_ms cannot be 1.5"),
        (put(*COLUMNS, "error_type", value=[[]] * 5), r"error_type\[0\] cannot be \[\]"),
        (put("advisories", value=[{"code": "x"}]), r"advisories\[0\]: 'message' is missing"),
    ],
)
def test_a_damaged_file_is_refused_and_what_is_wrong_is_named(change: Callable[[Any], None], message: str) -> None:
    document = json.loads(dump(RUN))
    change(document)
    with pytest.raises(UsageError, match=message) as caught:
        parse(json.dumps(document))
    assert caught.value.hint


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_no_measurement_is_nan_or_infinite(figure: str) -> None:
    text = dump(RUN).decode().replace("11.25", figure)
    with pytest.raises(UsageError, match=r"NaN|Infinity|inf"):
        parse(text)


def test_nan_is_not_written_either() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dump(replace(RUN, started_at=float("nan")))


def test_a_configuration_is_in_the_file_once() -> None:
    twice = make_run(measurements=[make_measurement(), make_measurement()])
    with pytest.raises(UsageError, match="512 MB x86_64 is in it twice"):
        parse(dump(twice))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"memory,duration\n", "not JSON"),
        (b"{}}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "not a results file"),
        (b"null", "not a results file"),
        (b"{}", "not a results file"),
    ],
)
def test_another_kind_of_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse(data)
    assert caught.value.hint


def test_a_file_that_is_cut_off_is_refused_wherever_the_cut_is() -> None:
    data = dump(RUN)
    for end in range(1, len(data) - 2, 7):
        with pytest.raises(UsageError, match="results file is cut off"):
            parse(data[:end])


def test_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    save(RUN, path)
    assert load(path) == RUN
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


def test_saving_again_keeps_the_files_mode_and_follows_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "run.json", tmp_path / "latest.json"
    save(RUN, path)
    path.chmod(0o600)
    link.symlink_to(path)
    later = replace(RUN, finished_at=1.8e9)
    save(later, link)
    assert load(path) == later
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_save_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    save(RUN, path)
    # The largest file that this process may write, as on a full disk: it fails in the middle.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(UsageError, match=r"run\.json"):
            save(replace(RUN, finished_at=1.8e9), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert load(path) == RUN
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_a_device_is_written_to_and_not_replaced() -> None:
    save(RUN, Path(os.devnull))
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("name", [".", "missing/run.json"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot write") as caught:
        save(RUN, tmp_path / name)
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none\.json"):
        load(tmp_path / "none.json")
    path = tmp_path / "other.json"
    path.write_bytes(b"{}")
    with pytest.raises(UsageError, match=r"other\.json.*not a results file") as caught:
        load(path)
    assert caught.value.hint


def test_a_link_is_followed_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_bytes(b"old")
    link.symlink_to(target)
    files.write(b"new", link)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        files.write(b"through", pipe)
        assert read.result() == b"through"
    assert pipe.is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "target"]


def test_whether_a_place_can_be_written_is_found_out_beforehand(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "new.json")
    file = tmp_path / "file"
    file.write_text("")
    for bad in (tmp_path, file / "new.json"):
        with pytest.raises(UsageError, match="cannot write") as caught:
            files.check_writable(bad)
        assert caught.value.hint
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that takes no files")
def test_a_file_system_that_takes_no_files_is_found_out_also_by_a_superuser() -> None:
    assert not files.can_write(Path("/proc/powertune.md"))


def test_the_folder_of_a_results_file_is_made(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "new" / "deep" / "run.json")
    assert (tmp_path / "new" / "deep").is_dir()
