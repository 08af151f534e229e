"""`apply --iac`: the diff on stdout, what to know on stderr, and files that change wholly or not at all."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from powertune import files
from powertune.cli.iac_changes import apply_iac, write_edits
from powertune.cli.iac_sources import read_sources
from powertune.errors import PlaceNotFound, PlaceRefused, UsageError
from powertune.iac import Change, Desired, Wanted
from powertune.model import Architecture

TEMPLATE = "Resources:\n  Fn: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: fn, MemorySize: 128}}\n"
DESIRED = Desired(memory_mb=512)
FN = Wanted(function_name="fn")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path


def yes() -> bool:
    return True


def apply(path: Path, *, write: bool = False, quiet: bool = False) -> Change:
    return apply_iac(FN, DESIRED, path, agreed=yes if write else None, quiet=quiet)


def test_the_diff_is_printed_and_nothing_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = apply(Path("template.yaml"))
    out, err = capsys.readouterr()
    assert out == made.diff()
    assert out.startswith("--- a/template.yaml\n+++ b/template.yaml\n")
    assert err == "nothing is written; apply the diff with git apply or patch -p1\n"
    assert (folder / "template.yaml").read_text() == TEMPLATE
    subprocess.run(["git", "apply"], input=out.encode(), cwd=folder, check=True)
    assert (folder / "template.yaml").read_text() == TEMPLATE.replace("128", "512")


def test_the_file_is_written_and_keeps_its_mode_and_its_ends_of_lines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "template.yaml"
    data = b"\xef\xbb\xbf" + TEMPLATE.replace("\n", "\r\n").encode()
    path.write_bytes(data)
    path.chmod(0o750)
    made = apply(folder, write=True)
    assert path.read_bytes() == data.replace(b"128", b"512")
    assert path.stat().st_mode & 0o777 == 0o750
    out, err = capsys.readouterr()
    assert out == made.diff()
    assert "\r\n" in out
    assert err == "changed template.yaml; review it and deploy it\n"
    assert os.listdir(folder) == ["template.yaml"]  # noqa: PTH208 - hidden files, too


@pytest.mark.parametrize("answer", [True, False])
def test_who_is_asked_has_seen_the_diff(folder: Path, capsys: pytest.CaptureFixture[str], answer: bool) -> None:
    seen: list[str] = []

    def agreed() -> bool:
        seen.append(capsys.readouterr().out)
        return answer

    made = apply_iac(FN, DESIRED, folder, agreed=agreed, quiet=False)
    assert seen == [made.diff()]
    assert ("512" in (folder / "template.yaml").read_text()) is answer
    assert capsys.readouterr().err.startswith("changed" if answer else "nothing is written")


def test_nobody_is_asked_about_nothing(folder: Path) -> None:
    def agreed() -> bool:
        raise AssertionError("asked")

    apply_iac(FN, Desired(memory_mb=128), folder, agreed=agreed, quiet=False)


def test_quiet_leaves_out_what_has_been_done_and_says_what_to_know(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desired = Desired(architecture=Architecture.ARM64)
    apply_iac(replace(FN, resource="Fn"), desired, folder, agreed=None, quiet=True)
    assert (
        capsys.readouterr().err == "the code of the function, its layers and its extensions must be built for arm64\n"
    )


def test_what_is_so_already_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apply(folder, write=True)
    before = (folder / "template.yaml").stat().st_mtime_ns
    capsys.readouterr()
    assert apply(folder, write=True).edits == ()
    assert capsys.readouterr() == ("", "the memory size of Fn is 512 already\n")
    assert (folder / "template.yaml").stat().st_mtime_ns == before


def test_a_folder_elsewhere_is_named_and_the_diff_is_for_it(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path_factory.mktemp("elsewhere")
    (other / "infra").mkdir()
    (other / "infra" / "template.yaml").write_text(TEMPLATE)
    apply(other)
    out, err = capsys.readouterr()
    assert out.startswith("--- a/infra/template.yaml\n")
    assert err == f"nothing is written; apply the diff in {other.resolve()} with git apply or patch -p1\n"


def test_a_refusal_leaves_the_file_as_it_is(folder: Path) -> None:
    path = folder / "template.yaml"
    text = TEMPLATE.replace("128", "!If [A, 128, 256]")
    path.write_text(text)
    with pytest.raises(PlaceRefused):
        apply(folder, write=True)
    assert path.read_text() == text


def test_a_file_that_changes_meanwhile_is_left_alone(folder: Path) -> None:
    path = folder / "template.yaml"
    found = read_sources(path)
    made = apply(path)
    newer = TEMPLATE + "# newer\n"
    path.write_text(newer)
    with pytest.raises(PlaceRefused, match=r"template\.yaml has changed since it was read"):
        write_edits(made.edits, found)
    assert path.read_text() == newer
    path.unlink()
    with pytest.raises(PlaceRefused, match=r"template\.yaml has changed since it was read"):
        write_edits(made.edits, found)


def test_all_files_are_written_or_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "main.tf").write_text(
        'variable "m" {}\nresource "aws_lambda_function" "f" {\n  function_name = "tf"\n'
        '  memory_size = var.m\n  runtime = "x"\n}\n'
    )
    (folder / "terraform.tfvars").write_text("m = 128\n")
    before = {path.name: path.read_text() for path in folder.iterdir()}
    write = files.write

    def full_disk(data: bytes, path: Path) -> None:
        if path.name == "terraform.tfvars" and b"512" in data:
            raise UsageError("cannot write: no space left", hint="make room")
        write(data, path)

    monkeypatch.setattr(files, "write", full_disk)
    both = Desired(memory_mb=512, architecture=Architecture.ARM64)
    with pytest.raises(UsageError, match="no space left"):
        apply_iac(Wanted(function_name="tf"), both, folder, agreed=yes, quiet=False)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    monkeypatch.setattr(files, "write", write)
    made = apply_iac(Wanted(function_name="tf"), both, folder, agreed=yes, quiet=False)
    assert [edit.path for edit in made.edits] == ["main.tf", "terraform.tfvars"]
    assert (folder / "terraform.tfvars").read_text() == "m = 512\n"


def test_a_link_that_was_named_is_followed(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "template.yaml").rename(folder / "real" / "t.yaml")
    (folder / "template.yaml").symlink_to("real/t.yaml")
    apply(folder / "template.yaml", write=True)
    assert (folder / "template.yaml").is_symlink()
    assert "512" in (folder / "real" / "t.yaml").read_text()


def test_a_terminal_does_not_obey_what_a_file_holds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "main.tf").write_text(
        '# \x1b[2J\x9b31m\nresource "aws_lambda_function" "f" {\n\tfunction_name = "tf"\n\tmemory_size = 128\n}\n'
    )
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    apply_iac(Wanted(function_name="tf"), DESIRED, folder / "main.tf", agreed=None, quiet=False)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x9b" not in out
    assert "+\tmemory_size = 512\n" in out


def test_a_path_that_does_not_exist(folder: Path) -> None:
    with pytest.raises(PlaceNotFound, match="no file or folder 'nowhere'"):
        apply(Path("nowhere"))
