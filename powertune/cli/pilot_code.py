"""Infrastructure code for the autopilot: that of the branch that changes are proposed to, or that of a folder."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from powertune.aws.connection import connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.lambda_function import LambdaFunction
from powertune.cli.iac_sources import read_sources
from powertune.cli.pilot_places import OpenedForge, ProposalPlace
from powertune.engine.autopilot.git import GitRepository
from powertune.errors import AccessDenied, UsageError
from powertune.iac import Change, Desired, Source, Wanted, change
from powertune.iac.survey import JAVASCRIPT, PYTHON, TEMPLATES, TERRAFORM
from powertune.model import Configuration, FunctionRef

#: Reads the tags of a function.
ReadTags = Callable[[FunctionRef], Mapping[str, str]]
_LOGICAL_ID = "aws:cloudformation:logical-id"
#: What may say something about a function, by how its name ends; code only in folders of CDK apps.
_DATA, _CODE = (*TEMPLATES, *TERRAFORM, ".tf.json", "samconfig.toml"), (*JAVASCRIPT, *PYTHON)
_CDK = "cdk.json"
_MOST_BYTES_OF_ONE, _MOST_BYTES = 4_000_000, 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class InfrastructureCode:
    """The files that may define functions.

    `resources` say what the code calls functions that are found neither by their tag nor by their name.
    """

    sources: tuple[Source, ...]
    resources: Mapping[str, str]
    read_tags: ReadTags

    def change(self, function: FunctionRef, present: Configuration, wanted: Configuration) -> Change:
        """What gives the function the wanted configuration. What stays as it is in the code is left alone.

        Raises:
            PlaceNotFound, PlaceAmbiguous, PlaceRefused: as for `powertune.iac.change`.
        """
        named = Wanted(
            function_name=function.name,
            resource=self.resources.get(function.name),
            logical_id=self._logical_id(function),
            memory_mb=present.memory_mb,
        )
        desired = Desired(
            memory_mb=None if wanted.memory_mb == present.memory_mb else wanted.memory_mb,
            architecture=None if wanted.architecture is present.architecture else wanted.architecture,
        )
        return change(self.sources, named, desired)

    def _logical_id(self, function: FunctionRef) -> str | None:
        """What CloudFormation has tagged the function with; its name has to do where tags cannot be read."""
        try:
            return self.read_tags(function).get(_LOGICAL_ID)
        except AccessDenied:
            return None


@dataclass(frozen=True, slots=True)
class TagReader:
    """Reads the tags of functions, each in its region."""

    place: ConnectionOptions

    def __call__(self, function: FunctionRef) -> Mapping[str, str]:
        """The tags; those of CloudFormation included."""
        with connect(replace(self.place, region=function.region)) as connection:
            return LambdaFunction(connection.aws(), function).tags(str(function))


def code_of(
    opened: OpenedForge, place: ProposalPlace, resources: Mapping[str, str], read_tags: ReadTags
) -> InfrastructureCode:
    """The code that proposals change.

    Raises:
        PlaceNotFound, UsageError: there is none, or too much.
    """
    if opened.repository is None:
        root = place.repository.resolve()
        sources = _sources(root, root / (place.iac or ""))
    else:
        with tempfile.TemporaryDirectory(prefix="powertune-code-") as name:
            root = Path(name).resolve()
            _extract(opened.repository, opened.base_commit, root, _folder(place.iac))
            sources = _sources(root, root / (place.iac or ""))
    return InfrastructureCode(sources=sources, resources=resources, read_tags=read_tags)


def _sources(root: Path, path: Path) -> tuple[Source, ...]:
    """The files at a path, named from the root.

    Raises:
        UsageError: the path leads out of the root.
    """
    if not path.resolve().is_relative_to(root):
        raise UsageError(f"--iac {str(path)!r} is not in the repository", hint="name a file or folder of it")
    found = read_sources(path)
    return tuple(
        Source(path=found.places[each.path].relative_to(root).as_posix(), text=each.text) for each in found.sources
    )


def _extract(repository: GitRepository, commit: str, root: Path, below: str) -> None:
    """Write the files of a commit that may say something about a function; neither links nor paths that lead out.

    Raises:
        UsageError: there are too many of them.
    """
    known = {path: file for path, file in repository.files(commit).items() if _stays(path) and file.is_plain}
    apps = {PurePosixPath(path).parent for path in known if PurePosixPath(path).name == _CDK}
    wanted = {
        path: file
        for path, file in known.items()
        if file.size <= _MOST_BYTES_OF_ONE and path.startswith(below) and _may_define(PurePosixPath(path), apps)
    }
    if sum(file.size for file in wanted.values()) > _MOST_BYTES:
        raise UsageError("the repository holds too much that may be infrastructure code", hint="say where with --iac")
    for path, content in repository.contents(wanted):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _may_define(path: PurePosixPath, apps: set[PurePosixPath]) -> bool:
    name = path.name.lower()
    return name.endswith(_DATA) or (name.endswith(_CODE) and any(parent in apps for parent in path.parents))


def _folder(iac: str | None) -> str:
    """What the paths begin with that are looked at: those beside a file matter to it."""
    path = PurePosixPath(iac or ".")
    folder = path.parent if path.suffix else path
    return "" if str(folder) == "." else f"{folder}/"


def _stays(path: str) -> bool:
    """Whether a path of a commit stays in the folder: a commit may be made by hand, and hold any name."""
    parts = PurePosixPath(path).parts
    return not path.startswith("/") and not {"..", ".git"} & set(parts) and path.isprintable() and "\\" not in path
