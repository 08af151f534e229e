"""Plans for several functions: none ends the others, and no two share a results file."""

import io
import sys
from pathlib import Path

import pytest
from factories import make_function
from many_functions import FakeSites, fake_functions, wanted

from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.cli.many.planning import FunctionToTune, check_folder, file_names, plan_functions
from powertune.errors import FunctionBusy, NotFound, UsageError
from powertune.model import Architecture


def test_each_function_has_a_plan_or_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake = fake_functions("one", "two")
    journal = Journal(run_id="dead0000", started_at=1, memory_mb=512, code_sha256="x", trial_mb=(512,), copies=0)
    fake.create_alias(FunctionName="two", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=journal.encode())
    before = fake.snapshot("one")
    found = plan_functions(wanted("one", "nosuch", "two"), FakeSites(fake), save=tmp_path, quiet=False)
    assert [each.target for each in found.functions] == ["one"]
    assert found.functions[0].path == tmp_path / "one.us-east-1.json"
    refused = {each.target: type(each.error) for each in found.refusals}
    assert refused == {"nosuch": NotFound, "two": FunctionBusy}
    assert fake.snapshot("one") == before
    assert "looking at nosuch (2 of 3)" in capsys.readouterr().err


def test_a_name_and_an_arn_may_be_one_function_and_an_alias_is_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions("one")
    fake.publish_user_version("one", alias="live")
    arn = fake.get_function(FunctionName="one")["Configuration"]["FunctionArn"]
    found = plan_functions(wanted("one", arn, "one:live"), FakeSites(fake), save=tmp_path, quiet=True)
    assert [each.target for each in found.functions] == ["one", "one:live"]
    assert [each.path.name for each in found.functions] == ["one.us-east-1.json", "one.us-east-1.live.json"]
    assert f"{arn} is the function that one names, and is measured once" in capsys.readouterr().err


def test_without_a_folder_files_are_where_those_of_one_function_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = plan_functions(wanted("one", "two"), FakeSites(fake_functions("one", "two")), save=None, quiet=True)
    names = [f"{each.plan.function.name}-{each.plan.run_id}.json" for each in found.functions]
    assert [each.path for each in found.functions] == [Path("powertune-results") / name for name in names]
    assert len(set(names)) == 2


def test_an_event_on_stdin_is_that_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"id": 1}')))
    asked = wanted("one", "two", payload="@-")
    found = plan_functions(asked, FakeSites(fake_functions("one", "two")), save=tmp_path, quiet=True)
    assert [each.plan.workload.payloads[0].body for each in found.functions] == [b'{"id": 1}'] * 2


def test_where_both_architectures_are_not_possible_one_may_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = fake_functions("one")
    fake.platform = "cgroup v1; cores=2"
    told = {"memory": "128", "arch": "both"}
    alone = FunctionToTune(target="one", told=told, alone=Architecture.X86_64)
    found = plan_functions([alone], FakeSites(fake), save=tmp_path, quiet=True)
    assert found.functions[0].plan.design.architectures == (Architecture.X86_64,)
    assert "; measured on x86_64 alone" in capsys.readouterr().err
    asked = FunctionToTune(target="one", told=told)
    assert len(plan_functions([asked], FakeSites(fake), save=tmp_path, quiet=True).refusals) == 1


def test_an_image_that_a_file_sets_is_not_measured_in_the_place_of_every_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/one:arm"
    monkeypatch.setenv("POWERTUNE_IMAGE_URI_ARM64", image)
    fake = fake_functions()
    for name in ("one", "two"):
        fake.add(name, memory_mb=512, PackageType="Image")
    both = plan_functions(wanted("one", "two", arch="both"), FakeSites(fake), save=tmp_path, quiet=True)
    assert [each.error.message for each in both.refusals] == [
        "image-uri-arm64 is set for all functions, and an image is of one"
    ] * 2
    own = plan_functions(wanted("one", "two"), FakeSites(fake), save=tmp_path, quiet=True)
    assert len(own.functions) == 2
    one = plan_functions(wanted("one", arch="both"), FakeSites(fake), save=tmp_path, quiet=True)
    assert len(one.functions) == 1


def test_names_of_files_are_safe_and_do_not_collide() -> None:
    functions = [
        make_function(name="orders", region="eu-west-1"),
        make_function(name="orders", region="us-east-1"),
        make_function(name="orders", region="us-east-1", qualifier="live"),
        make_function(name="Orders", region="us-east-1"),
        make_function(name="orders", region="us-east-1", arn="another account's"),
        make_function(name="../../etc/passwd", region="us-east-1"),
        make_function(name="orders-us-east-1", region="live"),
    ]
    names = file_names(functions)
    assert names == (
        "orders.eu-west-1.json",
        "orders.us-east-1.json",
        "orders.us-east-1.live.json",
        "Orders.us-east-1.2.json",
        "orders.us-east-1.3.json",
        "------etc-passwd.us-east-1.json",
        "orders-us-east-1.live.json",
    )
    assert "summary.json" not in names
    assert len({name.casefold() for name in names}) == len(names)


def test_several_functions_are_saved_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_folder("new/deep/", 2).is_dir()
    assert check_folder("new", 2) == Path("new")
    with pytest.raises(UsageError, match=r"--save 'run\.json' is one file, and 2 functions are named") as caught:
        check_folder("run.json", 2)
    assert caught.value.hint == "name a folder: --save run/"
    with pytest.raises(UsageError, match="--save names no folder"):
        check_folder("", 2)
    Path("file").touch()
    with pytest.raises(UsageError, match="cannot make the folder 'file/deep/'"):
        check_folder("file/deep/", 2)
