"""What is kept between runs, in a folder and in a bucket."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeLambda, fake_aws

from powertune.autopilot.spending import SpendingRecord
from powertune.aws.objects import Objects
from powertune.engine.autopilot.state import AutopilotState, BucketState, FolderState
from powertune.errors import UsageError

RECORD = SpendingRecord(
    run_id="aaaa1111",
    function_arn="arn:orders",
    started_at=100.0,
    currency="USD",
    reserved=1.0,
    results="orders-a.json",
)


def bucket(tmp_path: Path, fake: FakeLambda) -> BucketState:
    folder = tmp_path / "results"
    folder.mkdir(exist_ok=True)
    return BucketState(objects=Objects(aws=fake_aws(fake), bucket="kept"), prefix="autopilot/", results=folder)


@pytest.fixture(params=["folder", "bucket"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> AutopilotState:
    return FolderState(path=tmp_path / "state") if request.param == "folder" else bucket(tmp_path, FakeLambda())


def test_records_are_kept_in_the_order_of_time_and_replaced(state: AutopilotState) -> None:
    assert state.records() == ()
    later, earlier = replace(RECORD, run_id="zzzz", started_at=50.0), RECORD
    for each in (earlier, later, replace(earlier, spent=0.25)):
        state.keep(each)
    assert state.records() == (later, replace(earlier, spent=0.25))


def test_looking_at_a_folder_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert FolderState(path=tmp_path / "state").records() == ()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_one_that_git_ignores(tmp_path: Path) -> None:
    state = FolderState(path=tmp_path / "state")
    state.keep(RECORD)
    assert (tmp_path / "state" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the folder"):
        FolderState(path=tmp_path / "file" / "state").keep(RECORD)


def test_a_damaged_record_is_refused_as_nobody_knows_what_it_cost(tmp_path: Path) -> None:
    state = FolderState(path=tmp_path / "state")
    state.keep(RECORD)
    (tmp_path / "state" / "spending" / "aaaa1111.json").write_text("{")
    with pytest.raises(UsageError, match="record of spending"):
        state.records()


def test_the_newest_results_of_each_function_come_from_the_bucket(tmp_path: Path) -> None:
    fake = FakeLambda()
    state = bucket(tmp_path, fake)
    for name, at in (("orders-a.json", 100.0), ("orders-b.json", 200.0), ("resize-c.json", 150.0)):
        (state.results / name).write_bytes(name.encode())
        state.keep_results(name)
        arn = f"arn:{name.split('-')[0]}"
        state.keep(replace(RECORD, run_id=name, function_arn=arn, started_at=at, results=name))
    state.keep(replace(RECORD, run_id="dead", function_arn="arn:dead", results=""))
    elsewhere = BucketState(objects=state.objects, prefix=state.prefix, results=tmp_path / "elsewhere")
    elsewhere.results.mkdir()
    elsewhere.fetch()
    assert {path.name: path.read_bytes() for path in elsewhere.results.iterdir()} == {
        "orders-b.json": b"orders-b.json",
        "resize-c.json": b"resize-c.json",
    }
    assert set(fake.s3.objects) == {
        *(("kept", f"autopilot/results/{name}") for name in ("orders-a.json", "orders-b.json", "resize-c.json")),
        *(
            ("kept", f"autopilot/spending/{name}.json")
            for name in ("orders-a.json", "orders-b.json", "resize-c.json")
        ),
        ("kept", "autopilot/spending/dead.json"),
    }


def test_records_in_a_bucket_are_read_once_unless_they_change(tmp_path: Path) -> None:
    fake = FakeLambda()
    state = bucket(tmp_path, fake)
    other = replace(RECORD, run_id="other")
    for each in (RECORD, other):
        state.keep(each)
    assert len(state.records()) == 2
    state.keep(replace(RECORD, spent=0.5))
    before = fake.operations.count("s3.get_object")
    assert {each.spent for each in state.records()} == {0.5, None}
    assert fake.operations.count("s3.get_object") == before + 1


def test_results_that_are_gone_are_left_out(tmp_path: Path) -> None:
    state = bucket(tmp_path, FakeLambda())
    state.keep(RECORD)
    state.fetch()
    assert list(state.results.iterdir()) == []


def test_a_record_leads_nowhere_else(tmp_path: Path) -> None:
    state = bucket(tmp_path, FakeLambda())
    state.keep(replace(RECORD, results="../../evil.json"))
    with pytest.raises(UsageError, match="is not the name of a results file"):
        state.fetch()
