"""Infrastructure code of the branch that changes are proposed to, not of what happens to be checked out."""

import os
import shutil
from pathlib import Path

import pytest
from git_clones import GitClone

from powertune.cli.pilot_code import InfrastructureCode, code_of
from powertune.cli.pilot_places import OpenedForge, ProposalPlace
from powertune.engine.autopilot.commands import Program
from powertune.engine.autopilot.folder import FolderForge
from powertune.engine.autopilot.git import CommitAuthor, GitRepository
from powertune.errors import AccessDenied, PlaceNotFound, UsageError
from powertune.iac import Source
from powertune.model import Architecture, Configuration, FunctionRef

TERRAFORM = 'resource "aws_lambda_function" "orders" {\n  function_name = "orders"\n  memory_size = 1024\n}\n'
FILES = {
    "infra/main.tf": TERRAFORM,
    "infra/node_modules/x/main.tf": TERRAFORM,
    "cdk/cdk.json": "{}",
    "cdk/app.py": "import aws_cdk\n",
    "src/app.py": "print('a handler')\n",
    "template.yaml": "Resources: {}\n",
    "README.md": "# Shop\n",
}


def no_tags(_: FunctionRef) -> dict[str, str]:
    return {}


def opened(clone: GitClone) -> OpenedForge:
    path = shutil.which("git")
    assert path is not None
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    git = Program(name="git", path=path, folder=clone.work, environment=environment)
    repository = GitRepository(git=git, author=CommitAuthor(name="p", email="p@example.com"))
    commit = repository.tip("main")
    assert commit is not None
    return OpenedForge(forge=FolderForge(path=Path("unused")), repository=repository, base_commit=commit)


def code(clone: GitClone, iac: str | None = None) -> InfrastructureCode:
    return code_of(opened(clone), ProposalPlace(repository=clone.work, iac=iac), {}, no_tags)


def test_what_may_define_functions_is_read_by_its_path_in_the_repository(tmp_path: Path) -> None:
    clone = GitClone.make(tmp_path, FILES)
    (clone.work / "infra" / "main.tf").write_text("not committed")
    found = {source.path: source.text for source in code(clone).sources}
    assert found == {name: FILES[name] for name in ("cdk/app.py", "infra/main.tf", "template.yaml")}


def test_a_part_of_the_repository_can_be_named(tmp_path: Path) -> None:
    clone = GitClone.make(tmp_path, FILES)
    assert [source.path for source in code(clone, "infra").sources] == ["infra/main.tf"]
    assert [source.path for source in code(clone, "infra/main.tf").sources] == ["infra/main.tf"]


def test_a_path_outside_of_the_repository_is_refused(tmp_path: Path) -> None:
    clone = GitClone.make(tmp_path, FILES)
    with pytest.raises(UsageError, match="is not in the repository"):
        code(clone, "../elsewhere")
    with pytest.raises(PlaceNotFound):
        code(clone, "missing")


def test_links_of_a_commit_are_not_followed(tmp_path: Path) -> None:
    clone = GitClone.make(tmp_path, FILES)
    (tmp_path / "secret.tf").write_text("secret")
    (clone.work / "infra" / "link.tf").symlink_to(tmp_path / "secret.tf")
    (clone.work / "linked").symlink_to(tmp_path)
    clone.commit({}, "Links")
    clone.git("push", "--quiet", "origin", "main")
    assert {source.path for source in code(clone).sources} == {"cdk/app.py", "infra/main.tf", "template.yaml"}


def test_names_that_lead_out_of_a_folder_are_left_out(tmp_path: Path) -> None:
    """A commit may be made by hand: git itself would refuse such a name."""
    clone = GitClone.make(tmp_path, FILES)
    blob = clone.git("rev-parse", "main:infra/main.tf")
    crafted = f"100644 blob {blob}\tinfra.tf\n"
    inner = git_mktree(clone, crafted)
    tree = git_mktree(clone, f"040000 tree {inner}\t..\n100644 blob {blob}\tgood.tf\n")
    commit = clone.git("commit-tree", tree, "-m", "Crafted")
    clone.git("push", "--quiet", "--force", "origin", f"{commit}:refs/heads/main")
    assert [source.path for source in code(clone).sources] == ["good.tf"]
    assert not (tmp_path / "infra.tf").exists()


def git_mktree(clone: GitClone, entries: str) -> str:
    import subprocess

    done = subprocess.run(
        ["git", "mktree"], cwd=clone.work, input=entries, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_folder_without_git_serves_as_well(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").write_text(TERRAFORM)
    place = ProposalPlace(repository=tmp_path)
    found = code_of(OpenedForge(forge=FolderForge(path=Path("unused"))), place, {}, no_tags)
    assert [source.path for source in found.sources] == ["infra/main.tf"]


#: CloudFormation makes names up: they say nothing certain about the code.
SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      MemorySize: 1024
  OrdersV2:
    Type: AWS::Serverless::Function
    Properties:
      MemorySize: 1024
"""
GENERATED = FunctionRef.parse("arn:aws:lambda:us-east-1:123456789012:function:shop-OrdersV2-1A2B3C4D5E6F")
PRESENT, WANTED = (Configuration(memory_mb=size, architecture=Architecture.X86_64) for size in (1024, 512))


def changed_line(found: InfrastructureCode) -> int:
    """The line of the template that is changed."""
    (edit,) = found.change(GENERATED, PRESENT, WANTED).edits
    before, after = edit.before.splitlines(), edit.after.splitlines()
    return next(number for number, lines in enumerate(zip(before, after, strict=False), 1) if lines[0] != lines[1])


def test_the_tag_of_cloudformation_says_which_resource_it_is() -> None:
    asked = []

    def tags(function: FunctionRef) -> dict[str, str]:
        asked.append(function)
        return {"aws:cloudformation:logical-id": "OrdersV2"}

    sources = (Source(path="template.yaml", text=SAM),)
    assert changed_line(InfrastructureCode(sources=sources, resources={}, read_tags=tags)) == 10
    assert asked == [GENERATED]


def test_a_person_says_which_resource_it_is() -> None:
    sources = (Source(path="template.yaml", text=SAM),)
    resources = {GENERATED.name: "Orders"}
    assert changed_line(InfrastructureCode(sources=sources, resources=resources, read_tags=no_tags)) == 6


def test_without_tags_the_name_has_to_do() -> None:
    def denied(_: FunctionRef) -> dict[str, str]:
        raise AccessDenied("denied", hint="allow lambda:ListTags")

    sources = (Source(path="main.tf", text=TERRAFORM),)
    found = InfrastructureCode(sources=sources, resources={}, read_tags=denied)
    orders = FunctionRef.parse("arn:aws:lambda:us-east-1:123456789012:function:orders")
    changed = found.change(orders, PRESENT, WANTED)
    (edit,) = changed.edits
    assert edit.after == TERRAFORM.replace("1024", "512")
    # The architecture stays, so nothing is said about it.
    assert changed.notes == ()


def test_another_architecture_is_changed_as_well() -> None:
    arm = Configuration(memory_mb=1024, architecture=Architecture.ARM64)
    found = InfrastructureCode(sources=(Source(path="main.tf", text=TERRAFORM),), resources={}, read_tags=no_tags)
    orders = FunctionRef.parse("arn:aws:lambda:us-east-1:123456789012:function:orders")
    changed = found.change(orders, PRESENT, arm)
    assert "arm64" in changed.edits[0].after
    assert "memory_size = 1024" in changed.edits[0].after
    assert any("arm64" in note for note in changed.notes)
