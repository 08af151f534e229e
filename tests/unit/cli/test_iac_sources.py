"""Which files of a folder are read, and that nothing outside of it is."""

import os
from pathlib import Path

import pytest

from powertune.cli import iac_sources
from powertune.cli.iac_sources import SourceFiles, read_sources
from powertune.errors import PlaceNotFound, PlaceRefused, UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}\n")


def paths(found: SourceFiles) -> list[str]:
    return [source.path for source in found.sources]


def test_what_is_read_of_a_folder(folder: Path) -> None:
    known = [
        *("cloudformation.yaml", "main.tf", "prod.tfvars", "samconfig.toml", "serverless.yml", "template.yaml"),
        *("x.template.json", "x.tf.json", "api/template.json", "jobs/serverless.json"),
    ]
    write(folder, *known)
    write(folder, "README.md", "package.json", "values.yaml", "app.py", "index.ts", "test/template.txt")
    for generated in ("node_modules", ".aws-sam", "cdk.out", ".terraform", ".git", "venv", "api/node_modules"):
        write(folder, f"{generated}/template.yaml", f"{generated}/main.tf")
    assert paths(read_sources(folder)) == known


def test_code_is_read_where_cdk_is_configured(folder: Path) -> None:
    code = ["app/bin/app.ts", "app/lib/a.js", "app/lib/stack.ts", "app/stacks/s.py"]
    write(folder, "app/cdk.json", *code)
    write(folder, "app/lib/stack.js", "app/lib/stack.d.ts", "app/test/stack.ts", "app/cdk.out/a.ts", "other/x.ts")
    assert paths(read_sources(folder)) == code


def test_paths_are_named_from_where_the_command_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "infra/template.yaml", "here/x")
    assert paths(read_sources(Path("infra"))) == ["infra/template.yaml"]
    monkeypatch.chdir(folder / "here")
    found = read_sources(folder / "infra")
    assert (paths(found), found.folder) == (["template.yaml"], (folder / "infra").resolve())


@pytest.mark.parametrize(
    ("name", "beside", "read"),
    [
        ("main.tf", ["vars.tf", "x.auto.tfvars", "template.yaml"], ["main.tf", "vars.tf", "x.auto.tfvars"]),
        ("stack.yaml", ["samconfig.toml", "template.yaml"], ["stack.yaml", "samconfig.toml"]),
        ("app.py", ["other.py", "main.tf"], ["app.py"]),
        ("any.template", [], ["any.template"]),
    ],
)
def test_a_file_and_what_belongs_to_it(folder: Path, name: str, beside: list[str], read: list[str]) -> None:
    write(folder, name, *beside)
    assert paths(read_sources(Path(name))) == read


def test_a_file_of_another_language(folder: Path) -> None:
    write(folder, "main.go")
    with pytest.raises(UsageError, match=r"the ending of 'main\.go' says nothing about its language"):
        read_sources(Path("main.go"))


def test_a_folder_without_code(folder: Path) -> None:
    write(folder, "README.md")
    with pytest.raises(PlaceNotFound, match="holds no infrastructure code that is known"):
        read_sources(folder)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write(outside, "template.yaml", "deep/main.tf")
    (folder / "template.yaml").symlink_to(outside / "template.yaml")
    (folder / "deep").symlink_to(outside / "deep")
    (folder / "inside").symlink_to(".")
    write(folder, "main.tf")
    (folder / "copy.tf").symlink_to("main.tf")
    found = read_sources(folder)
    assert paths(found) == ["main.tf"]
    assert found.remarks == (f"not read: {folder}/template.yaml leads out of the folder",)


def test_a_link_to_nowhere_or_to_itself(folder: Path) -> None:
    (folder / "template.yaml").symlink_to("gone.yaml")
    (folder / "main.tf").symlink_to("main.tf")
    with pytest.raises(PlaceNotFound, match="cannot read"):
        read_sources(folder)


def test_what_is_no_text_is_remarked_on_in_a_folder_and_refused_by_name(folder: Path) -> None:
    write(folder, "main.tf")
    (folder / "template.yaml").write_bytes(b"\xff\xfea")
    found = read_sources(folder)
    assert (paths(found), found.remarks) == (["main.tf"], (f"not read: {folder}/template.yaml is not UTF-8",))
    with pytest.raises(PlaceRefused, match=r"template\.yaml is not UTF-8"):
        read_sources(folder / "template.yaml")


def test_not_every_file_that_cannot_be_read_is_listed(folder: Path) -> None:
    write(folder, "main.tf", *(f"{name}/main.tf" for name in "abcdefgh"))
    for name in "abcdefgh":
        (folder / name / "main.tf").write_bytes(b"\xff")
    assert read_sources(folder).remarks[5:] == ("not read: 3 more files",)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "template.yaml")
    with pytest.raises(PlaceRefused, match="is no regular file"):
        read_sources(folder / "template.yaml")


def test_too_much(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a/main.tf", "b/main.tf", "c/main.tf")
    (folder / "template.yaml").write_text("#" * 4_000_001)
    with pytest.raises(PlaceRefused, match="4,000,001 bytes are too many"):
        read_sources(folder / "template.yaml")
    for limit in ("_MOST_FILES", "_MOST_ENTRIES", "_MOST_BYTES"):
        with monkeypatch.context() as smaller:
            smaller.setattr(iac_sources, limit, 2)
            with pytest.raises(UsageError, match="holds too many files"):
                read_sources(folder)
