"""A folder of source code -> a deployment package -> a function, through an ordinary Lambda client."""

import io
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from powertune.errors import UsageError

_SKIPPED_FOLDERS = frozenset(
    {".git", "__pycache__", ".venv", "venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", "powertune-results"}
)
_SKIPPED_PATHS = frozenset({"node_modules/.cache"})
#: `.git` is a file in a worktree and in a submodule.
_SKIPPED_FILES = ("powertune-*.json", "*.pyc", ".DS_Store", ".git")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DIRECT_LIMIT_BYTES = 50 * 1024 * 1024
_BUCKET = "powertune-local-code"

Call = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A function to create from a folder, or from a single file whose folder is taken."""

    source: Path
    handler: str
    name: str
    runtime: str
    role_arn: str
    memory_mb: int = 128
    timeout_s: int = 60
    environment: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "x86_64"


def zip_folder(folder: Path) -> bytes:
    """A ZIP of a folder: the same folder gives the same bytes, and files keep their execute permission.

    Version control, caches, virtual environments and results of this program are left out.

    Raises:
        UsageError: the folder does not exist, has nothing to package, or has something that cannot be read.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", hint="name the folder or the file that holds the handler")
    try:
        return _zipped(folder)
    except OSError as error:
        what = error.filename or folder
        raise UsageError(
            f"cannot package {str(what)!r}: {error.strerror}", hint="remove it from the folder, or let it be read"
        ) from error


def _zipped(folder: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(folder, folder):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if path.stat().st_mode & 0o111 else 0o644
            info.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(info, _read(path))
        if not archive.namelist():
            raise UsageError(f"the folder {folder} has no files to package")
    return stream.getvalue()


def plainly(method: Callable[..., Any], **request: Any) -> Any:
    """Call a boto3 method once, and let its errors through."""
    return method(**request)


def deploy(client: Any, deployment: Deployment, s3: Any = None, call: Call = plainly) -> str:
    """Create the function through a boto3 Lambda client; returns its ARN.

    A package beyond 50 MB goes through a bucket, for which `s3` is a boto3 S3 client of the same endpoint. `call` is
    how methods of the clients are called.

    Raises:
        UsageError: there is nothing to package, or it is too large to go without `s3`.
    """
    source = deployment.source
    package = zip_folder(source.parent if source.is_file() else source)
    response = call(
        client.create_function,
        FunctionName=deployment.name,
        Runtime=deployment.runtime,
        Handler=deployment.handler,
        Role=deployment.role_arn,
        Code=_code(package, deployment.name, s3, call),
        MemorySize=deployment.memory_mb,
        Timeout=deployment.timeout_s,
        Environment={"Variables": dict(deployment.environment)},
        Architectures=[deployment.architecture],
    )
    return str(response["FunctionArn"])


def publish(
    client: Any,
    deployment: Deployment,
    description: str,
    *,
    wait: Callable[[], object],
    s3: Any = None,
    call: Call = plainly,
) -> str:
    """Give a function that exists the code and settings of a deployment, and publish that; returns the version.

    Args:
        description: keeps the version apart from the one before, as what is the same is not published again.
        wait: waits until a change of the function has ended.

    Raises:
        UsageError: there is nothing to package, or it is too large to go without `s3`.
    """
    source = deployment.source
    package = zip_folder(source.parent if source.is_file() else source)
    code = _code(package, deployment.name, s3, call)
    call(client.update_function_code, FunctionName=deployment.name, **code)
    wait()
    call(
        client.update_function_configuration,
        FunctionName=deployment.name,
        Runtime=deployment.runtime,
        Handler=deployment.handler,
        MemorySize=deployment.memory_mb,
        Timeout=deployment.timeout_s,
        Environment={"Variables": dict(deployment.environment)},
        Description=description,
    )
    wait()
    return str(call(client.publish_version, FunctionName=deployment.name)["Version"])


def _code(package: bytes, name: str, s3: Any, call: Call) -> dict[str, object]:
    if len(package) <= _DIRECT_LIMIT_BYTES:
        return {"ZipFile": package}
    if s3 is None:
        raise UsageError(
            f"the package of {name} has {len(package)} bytes, more than the API takes directly",
            hint="package fewer files, or give an S3 client",
        )
    configuration = {}
    if s3.meta.region_name != "us-east-1":
        configuration = {"CreateBucketConfiguration": {"LocationConstraint": s3.meta.region_name}}
    call(s3.create_bucket, Bucket=_BUCKET, **configuration)
    key = f"{name}.zip"
    call(s3.put_object, Bucket=_BUCKET, Key=key, Body=package)
    return {"S3Bucket": _BUCKET, "S3Key": key}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        # Reading an open file fails without naming it.
        raise OSError(error.errno, error.strerror, str(path)) from error


def _files(folder: Path, top: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """The files to package. A link that leads back to a folder above is left out: that is in the package already."""
    real = folder.resolve()
    if real in above:
        return
    above |= {real}
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in _SKIPPED_FOLDERS and path.relative_to(top).as_posix() not in _SKIPPED_PATHS:
                yield from _files(path, top, above)
        elif path.is_file() and not any(fnmatch(path.name, pattern) for pattern in _SKIPPED_FILES):
            yield path
