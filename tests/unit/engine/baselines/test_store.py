"""Baselines in a folder and in S3: what is saved, under which names, what is found, and what is refused."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import START, make_configuration, make_function, make_invocation, make_measurement, make_run
from fakes import FakeLambda, client_error, fake_aws

from powertune import results
from powertune.aws.objects import Objects
from powertune.engine.baselines.naming import BaselineKey, parse_name, payload_digest
from powertune.engine.baselines.shelf import BucketShelf, FolderShelf, Shelf, shelf_at
from powertune.engine.baselines.store import BaselineStore
from powertune.errors import AlreadyExists, UsageError
from powertune.model import Architecture, Configuration, PayloadShare, Status, TuningRun

EVENT = PayloadShare(sha256=hashlib.sha256(b"{}").hexdigest(), weight=1.0)
EVENT8 = EVENT.sha256[:8]


def run(*sizes: int, at: float = 0.0, run_id: str = "abcd1234", region: str = "us-east-1", **more: Any) -> TuningRun:
    made = make_run(
        measurements=[make_measurement(memory_mb=mb, durations=[100.0, 101.0, 99.0]) for mb in sizes or (512,)],
        function=make_function(name="orders", region=region),
        run_id=run_id,
        finished_at=START + at,
        **more,
    )
    return replace(made, design=replace(made.design, payloads=(EVENT,)))


def key(memory_mb: int = 512, **changes: Any) -> BaselineKey:
    base: dict[str, Any] = {
        "function": "orders",
        "configuration": make_configuration(memory_mb),
        "payload": EVENT8,
    }
    return BaselineKey(**{**base, **changes})


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        return FolderShelf(root=tmp_path / "baselines")
    return BucketShelf(objects=Objects(aws=fake_aws(FakeLambda()), bucket="mine"), prefix="gate/")


@pytest.fixture
def store(shelf: Shelf) -> BaselineStore:
    return BaselineStore(shelf=shelf)


def test_each_configuration_is_kept_under_a_path_that_a_person_can_read(store: BaselineStore) -> None:
    places = store.save(run(512, 1024), branch="main", commit="1a2b3c4d5e6f7a8b")
    assert places == tuple(
        store.shelf.where(f"orders/{mb}-x86_64-{EVENT8}/main/20260921T141320Z-1a2b3c4d5e6f.json")
        for mb in (512, 1024)
    )
    kept = results.parse(store.shelf.read(f"orders/512-x86_64-{EVENT8}/main/20260921T141320Z-1a2b3c4d5e6f.json"))
    assert [each.configuration.memory_mb for each in kept.measurements] == [512]


def test_the_last_one_of_a_branch_is_found(store: BaselineStore) -> None:
    for at, branch in ((0, "main"), (60, "main"), (120, "feature/x")):
        store.save(run(at=at, run_id=f"run{at}"), branch=branch, commit=None)
    found = store.find(key(), branch="main", region="us-east-1")
    assert (found.run.run_id, found.name.label) == ("run60", "main@run60")
    assert store.find(key(), branch="feature/x", region="us-east-1").run.run_id == "run120"


def test_a_branch_with_slashes_is_one_folder(store: BaselineStore) -> None:
    (place,) = store.save(run(), branch="feature/x y", commit=None)
    assert "/feature%2Fx%20y/" in place
    assert [each.name.branch for each in store.list(most=9).baselines] == ["feature/x y"]


def test_nothing_is_overwritten_unless_that_is_asked_for(store: BaselineStore) -> None:
    store.save(run(), branch="main", commit="1a2b3c4")
    with pytest.raises(AlreadyExists, match="exists already") as caught:
        store.save(run(run_id="other"), branch="main", commit="1a2b3c4")
    assert "--replace" in str(caught.value.hint)
    assert store.find(key(), branch="main", region="us-east-1").run.run_id == "abcd1234"
    store.save(run(run_id="other"), branch="main", commit="1a2b3c4", replacing=True)
    assert store.find(key(), branch="main", region="us-east-1").run.run_id == "other"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"function": "billing"}, "no baseline of billing at 512 MB x86_64"),
        ({"configuration": make_configuration(128)}, "at 128 MB x86_64"),
        ({"configuration": Configuration(memory_mb=512, architecture=Architecture.ARM64)}, "at 512 MB arm64"),
        ({"payload": "00000000"}, "with payload 00000000"),
    ],
)
def test_a_baseline_of_something_else_is_none_and_what_there_is_is_said(
    store: BaselineStore, changes: dict[str, Any], words: str
) -> None:
    store.save(run(), branch="main", commit=None)
    with pytest.raises(UsageError, match=words) as caught:
        store.find(key(**changes), branch="main", region="us-east-1")
    hint = str(caught.value.hint)
    assert "powertune baseline save" in hint
    assert ("there is one of orders at 512 MB x86_64" in hint) == ("function" not in changes)


def test_a_baseline_of_another_branch_is_none(store: BaselineStore) -> None:
    store.save(run(), branch="develop", commit=None)
    with pytest.raises(UsageError, match="on branch main") as caught:
        store.find(key(), branch="main", region="us-east-1")
    assert "on branch develop" in str(caught.value.hint)


def test_a_function_of_the_same_name_in_another_region_is_another_one(store: BaselineStore) -> None:
    store.save(run(region="us-east-1"), branch="main", commit=None)
    store.save(run(region="eu-west-1", at=60, run_id="eu"), branch="main", commit=None)
    assert store.find(key(), branch="main", region="us-east-1").run.function.region == "us-east-1"
    with pytest.raises(UsageError, match="are of region us-east-1, and not ap-south-1"):
        store.find(key(), branch="main", region="ap-south-1")


NEWER = b'{"schema": "powertune/run/99"}'


@pytest.mark.parametrize(("data", "words"), [(b"", "baseline"), (b"{", "baseline"), (NEWER, "newer")])
def test_what_cannot_be_read_is_skipped_in_a_list_and_an_error_in_a_gate(
    store: BaselineStore, data: bytes, words: str
) -> None:
    store.save(run(), branch="main", commit=None)
    damaged = f"orders/512-x86_64-{EVENT8}/main/20270101T000000Z-damaged.json"
    store.shelf.create(damaged, data)
    listed = store.list(most=9)
    assert [each.run.run_id for each in listed.baselines] == ["abcd1234"]
    assert [each.where for each in listed.skipped] == [store.shelf.where(damaged)]
    with pytest.raises(UsageError, match=words) as caught:
        store.find(key(), branch="main", region="us-east-1")
    assert "damaged.json" in caught.value.message


def test_the_list_has_the_newest_first_and_says_how_many_there_are(store: BaselineStore) -> None:
    for at in (0, 60, 120):
        store.save(run(512, 1024, at=at, run_id=f"run{at}"), branch="main", commit=None)
    listed = store.list(most=3)
    assert [each.name.commit for each in listed.baselines] == ["run120", "run120", "run60"]
    assert listed.more == 3
    assert len(store.list(function="orders", branch="main", most=99).baselines) == 6
    assert store.list(function="billing", most=99).baselines == ()
    assert store.list(branch="develop", most=99).baselines == ()


def test_other_files_are_nobodys_baselines(store: BaselineStore) -> None:
    for path in ("README.md", "orders/notes.json", f"orders/512-x86_64-{EVENT8}/main/latest.json"):
        store.shelf.create(path, b"{}")
    listed = store.list(most=9)
    assert (listed.baselines, listed.skipped) == ((), ())


def test_an_empty_place_has_no_baselines(store: BaselineStore) -> None:
    assert store.list(most=9).baselines == ()
    with pytest.raises(UsageError, match="there is no baseline"):
        store.find(key(), branch="main", region="us-east-1")


@pytest.mark.parametrize(
    "durations",
    [pytest.param([], id="empty"), pytest.param([100.0], id="one sample")],
)
def test_a_run_that_has_measured_nothing_is_no_baseline(store: BaselineStore, durations: list[float]) -> None:
    made = replace(run(), measurements=(make_measurement(durations=durations),))
    with pytest.raises(UsageError, match="no configuration has 2 warm invocations"):
        store.save(made, branch="main", commit=None)


def test_a_run_that_has_failed_is_no_baseline(store: BaselineStore) -> None:
    killed = make_invocation(status=Status.OUT_OF_MEMORY)
    made = replace(run(), measurements=(make_measurement(durations=[100.0] * 5, others=[killed]),))
    with pytest.raises(UsageError, match="ran out of memory") as caught:
        store.save(made, branch="main", commit=None)
    assert "succeeded" in str(caught.value.hint)


@pytest.mark.parametrize("branch", ["", ".", "..", "x" * 300])
def test_what_is_no_branch_is_refused(store: BaselineStore, branch: str) -> None:
    with pytest.raises(UsageError, match="is not a branch"):
        store.save(run(), branch=branch, commit=None)


@pytest.mark.parametrize("commit", ["", "../x", "a b", "-x", "x" * 100])
def test_what_is_no_commit_is_refused(store: BaselineStore, commit: str) -> None:
    with pytest.raises(UsageError, match="is not a commit"):
        store.save(run(), branch="main", commit=commit)


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "x" * 65])
def test_a_results_file_cannot_choose_another_place(store: BaselineStore, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be kept"):
        store.save(replace(run(), function=make_function(name=name)), branch="main", commit=None)


def test_a_run_of_no_time_is_refused(store: BaselineStore) -> None:
    with pytest.raises(UsageError, match="no moment"):
        store.save(replace(run(), finished_at=1e300), branch="main", commit=None)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "baselines"
    root.mkdir()
    (root / "orders").symlink_to(outside)
    store = BaselineStore(shelf=FolderShelf(root=root))
    with pytest.raises(UsageError, match="leads out of the folder"):
        store.save(run(), branch="main", commit=None)
    assert list(outside.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = BaselineStore(shelf=FolderShelf(root=tmp_path / "file"))
    with pytest.raises(UsageError, match="is not a folder"):
        store.list(most=9)
    with pytest.raises(UsageError, match="cannot make the folder"):
        store.save(run(), branch="main", commit=None)


def test_an_answer_of_s3_that_is_lost_is_no_conflict() -> None:
    fake = FakeLambda()
    shelf = BucketShelf(objects=Objects(aws=fake_aws(fake), bucket="mine"), prefix="")
    lost: list[str] = []

    def lose(name: str, kwargs: dict[str, Any]) -> None:
        if name == "put_object" and not lost:
            fake.s3.objects[kwargs["Bucket"], kwargs["Key"]] = bytes(kwargs["Body"])
            lost.append(name)
            raise client_error("InternalError", "try again", 500)

    fake.on_call = lose
    BaselineStore(shelf=shelf).save(run(), branch="main", commit=None)
    assert lost


@pytest.mark.parametrize(
    ("place", "where"),
    [("s3://mine", "s3://mine/x"), ("s3://mine/a/b/", "s3://mine/a/b/x"), ("some/folder", "some/folder/x")],
)
def test_a_place_is_a_folder_or_an_address_of_s3(place: str, where: str) -> None:
    def bucket(name: str) -> Objects:
        return Objects(aws=fake_aws(FakeLambda()), bucket=name)

    assert shelf_at(place, bucket).where("x") == where


def test_s3_without_a_bucket_is_refused() -> None:
    with pytest.raises(UsageError, match="not an S3 location"):
        shelf_at("s3:///x", lambda name: Objects(aws=fake_aws(FakeLambda()), bucket=name))


def test_several_events_have_a_digest_of_all_of_them() -> None:
    two = (EVENT, PayloadShare(sha256="0" * 64, weight=2.0))
    digests = {payload_digest(each) for each in ((), (EVENT,), two, two[::-1], (replace(EVENT, weight=1.0), two[0]))}
    assert len(digests) == 5


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a/b",
        "a/512-mips-00000000/main/20260101T000000Z-x.json",
        "a/512-arm64-00000000/b/c/20260101T000000Z-x.json",
    ],
)
def test_what_is_no_name_is_none(path: str) -> None:
    assert parse_name(path) is None
