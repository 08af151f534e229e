"""Recorded invocations are replayed as they were: environments, kills, and the means between measured sizes."""

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import search as benchmark
from benchmarks.search_policies.experiment import Job, Terms
from benchmarks.search_policies.goals import X86_64, Aim
from benchmarks.search_policies.landscape import billed_cost, weighted_quantile
from benchmarks.search_policies.recorded import RecordedFunction, load_invocations
from benchmarks.search_policies.sampler import Sampler
from powertune.model import Architecture, Configuration, Status

ARM64 = Architecture.ARM64
#: Two environments at 256 MB, one of them slower; kills at 128 MB.
ENTRY: dict[str, Any] = {
    "id": "f",
    "source": "s",
    "arch": {
        "x86_64": {
            "init_ms": 100.0,
            "used_mb": {"256": 200, "1024": 210},
            "durations_ms": {"128": [[900.0]], "256": [[400.0, 402.0], [600.0] * 8], "1024": [[100.0, 300.0]]},
            "failures": {"128": [0.5, [50.0, 60.0], ["out_of_memory", "error"], [128, 90]]},
        }
    },
}


def changed(**changes: Any) -> dict[str, Any]:
    entry = copy.deepcopy(ENTRY)
    entry["arch"]["x86_64"].update(changes)
    return entry


def size(memory_mb: int, architecture: Architecture = X86_64) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=architecture)


RECORDED = RecordedFunction.parse(ENTRY)


def sampler(function: RecordedFunction = RECORDED, seed: int = 1) -> Sampler:
    return Sampler(function, (X86_64,), seed)


def test_an_environment_replays_one_recorded_environment() -> None:
    function = sampler()
    seen = [{function.invoke(size(256), lane).duration_ms for _ in range(40)} for lane in range(40)]
    assert {frozenset(each) for each in seen} == {frozenset({400.0, 402.0}), frozenset({600.0})}
    invocations = [function.invoke(size(1024)) for _ in range(3)]
    assert [each.init_ms for each in invocations] == [100.0, None, None]
    assert {each.max_memory_used_mb for each in invocations} == {210}
    assert {each.duration_ms for each in invocations} <= {100.0, 300.0}


def test_a_replay_is_seeded() -> None:
    first, again, other = ([sampler(seed=seed).invoke(size(256)).duration_ms] for seed in (1, 1, 4))
    durations = {tuple(sampler(seed=seed).invoke(size(256), k).duration_ms for k in range(9)) for seed in range(5)}
    assert first == again
    assert len(durations) > 1
    assert other is not first


def test_environments_count_alike_in_the_truth() -> None:
    """The means of the two are 401 and 600 ms, whatever the numbers of their invocations."""
    land = RECORDED.landscapes[X86_64]
    at = land.at(256)
    assert land.durations[at] == pytest.approx(500.5)
    assert land.costs[at] == pytest.approx(billed_cost(size(256), 500.5))
    assert (land.p95s[at], land.p95s[land.at(1024)]) == (pytest.approx(600.0), pytest.approx(300.0))
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.05, 0.9, 0.05]), 0.95) == 2.0


def test_between_sizes_the_mean_is_interpolated_and_the_nearest_size_tells_the_noise() -> None:
    land = RECORDED.landscapes[X86_64]
    mean = math.sqrt(500.5 * 200)
    assert land.durations[land.at(512)] == pytest.approx(mean, rel=0.02)
    function = sampler()
    near_1024 = {function.invoke(size(520), lane).duration_ms for lane in range(40)}
    location = float(land.durations[land.at(520)])
    assert near_1024 == {round(0.5 * location, 2), round(1.5 * location, 2)}
    near_256 = {function.invoke(size(500), lane).duration_ms for lane in range(60)}
    assert len(near_256) == 3
    billed = [function.invoke(size(520)).billed_ms or 0 for _ in range(4000)][1:]
    assert np.mean([billed_cost(size(520), each) for each in billed]) == pytest.approx(
        land.costs[land.at(520)], rel=0.05
    )


def test_at_and_below_a_size_that_fails_too_often_the_function_does_not_work() -> None:
    land = RECORDED.landscapes[X86_64]
    assert (land.sizes[0], land.sizes[-1]) == (128, 1024)
    assert np.isinf(land.costs[: land.at(256)]).all()
    assert np.isfinite(land.costs[land.at(256) :]).all()
    replayed = [sampler(seed=seed).invoke(size(memory_mb)) for seed in range(40) for memory_mb in (128, 200)]
    ends = {(each.status, each.duration_ms, each.max_memory_used_mb) for each in replayed if each.status.failed}
    assert ends == {(Status.OUT_OF_MEMORY, 50.0, 128), (Status.ERROR, 60.0, 90)}
    working = [each.duration_ms for each in replayed if not each.status.failed]
    assert set(working) == {900.0}
    assert 20 < len(working) < 60


def test_a_size_that_fails_rarely_works_and_its_failures_are_paid() -> None:
    rare = RecordedFunction.parse(changed(failures={"1024": [0.05, [1000.0], ["error"], [90]]}))
    plain = RecordedFunction.parse(changed(failures={})).landscapes[X86_64]
    land = rare.landscapes[X86_64]
    extra = billed_cost(size(1024), 1000 * 0.05 / 0.95) - billed_cost(size(1024), 0)
    assert land.costs[-1] == pytest.approx(plain.costs[-1] + extra)
    assert land.durations[-1] == plain.durations[-1]
    statuses = [sampler(rare, seed).invoke(size(1024)).status for seed in range(200)]
    assert 0 < statuses.count(Status.ERROR) < 40


def test_unknown_memory_is_assumed_to_fit() -> None:
    unknown = sampler(RecordedFunction.parse(changed(used_mb={})))
    assert unknown.invoke(size(1024)).max_memory_used_mb == int(0.7 * 256)


@pytest.mark.parametrize("aim", Aim)
def test_a_pick_that_fails_is_a_failure_whichever_the_goal(aim: Aim) -> None:
    for name in ("powertune", "grid-10"):
        outcomes = Job(name=name, function=RECORDED, aim=aim, terms=Terms(repeats=2)).run()
        assert outcomes is not None
        assert all((each.configuration or size(128)).memory_mb >= 256 for each in outcomes)


def both() -> dict[str, Any]:
    entry = copy.deepcopy(ENTRY)
    faster = {
        memory_mb: [[0.5 * ms for ms in each] for each in lists]
        for memory_mb, lists in entry["arch"]["x86_64"]["durations_ms"].items()
    }
    entry["arch"]["arm64"] = {**entry["arch"]["x86_64"], "durations_ms": faster, "failures": {}}
    return entry


def test_both_architectures_are_searched_where_both_were_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "invocations.json"
    path.write_text(json.dumps({"schema": "invocations/1", "functions": [both(), {**ENTRY, "id": "g"}]}))
    arguments = ["--invocations", str(path), "--repeats", "2", "--policies", "powertune,grid-10,parrotfish"]
    more = ["--goal", "cost", "--processes", "1", "--format", "json", "--arch", "both"]
    benchmark.main([*arguments, *more])
    content = json.loads(capsys.readouterr().out)["goals"]["cost"]
    assert list(content["functions"]) == ["f"]
    assert content["functions"]["f"]["best"].endswith("arm64")
    # Parrotfish knows one architecture only.
    assert list(content["functions"]["f"]["policies"]) == ["powertune", "grid-10"]
    assert all(pick.endswith("arm64") for pick in content["functions"]["f"]["policies"]["powertune"]["picks"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"schema": "invocations/2", "functions": []}, "not 'invocations/1'"),
        ([], "is not a file of invocations"),
        ({"schema": "invocations/1", "functions": [{"id": "f"}]}, "is not a file of invocations"),
        ({"schema": "invocations/1", "functions": [ENTRY, ENTRY]}, "more than one function"),
        ({"schema": "invocations/1", "functions": [changed(durations_ms={"256": [[1.0]]})]}, "two or more sizes"),
        (
            {"schema": "invocations/1", "functions": [changed(durations_ms={"256": [[0.0]], "512": [[1.0]]})]},
            "durations above 0",
        ),
        ({"schema": "invocations/1", "functions": [changed(failures={"128": [0.5, [], [], []]})]}, "of failures"),
        (
            {"schema": "invocations/1", "functions": [changed(failures={"128": [1, [1], ["magic"], [1]]})]},
            "'magic' is not a valid Status",
        ),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: object, says: str) -> None:
    path = tmp_path / "invocations.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=says):
        load_invocations(path)
