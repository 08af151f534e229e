"""The table of runtimes: which command runs a function, and the environment variables that it sees."""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from powertune.local.endpoint.keys import AccessKey
from powertune.local.functions import Function
from powertune.local.sandbox.scenery import interpreter_libraries
from powertune.local.settings import own_architecture

_MARK = "LAMBDA_RUNTIME_DIR"


class UnknownRuntime(Exception):
    """A runtime that cannot be run here; Lambda's InvalidRuntimeException."""


class NoEntrypoint(Exception):
    """A custom runtime without a bootstrap that can be executed; Lambda's Runtime.InvalidEntrypoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where an environment finds things: its code, its layers, its private temporary folder.

    `seen` says under which names a function in a sandbox sees them; elsewhere they are the same.
    """

    task_root: Path
    layers: Path | None
    scratch: Path
    seen: "Places | None" = None

    def as_seen(self) -> "Places":
        """The same, by the names that the function knows."""
        return self.seen or self


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """What an environment is told about where it runs."""

    runtime_api: str
    endpoint_url: str
    log_stream: str
    access_key: AccessKey


def command(function: Function, places: Places, python_client: str = "auto") -> tuple[str, ...]:
    """The command that serves a function's events.

    Raises:
        UnknownRuntime: no way to run it here.
        NoEntrypoint: a custom runtime whose bootstrap is missing.
    """
    runtime = function.runtime
    if function.package_type != "Zip":
        raise UnknownRuntime("container images cannot be run by the embedded AWS; package the function as a ZIP")
    own = own_architecture()
    if function.architecture != own:
        raise UnknownRuntime(f"this machine is {own}, and cannot run a function for {function.architecture}")
    if runtime.startswith("python3"):
        return _python(function.handler, python_client)
    if runtime.startswith("provided"):
        return (str(_bootstrap(places)),)
    if runtime.startswith("nodejs"):
        client = shutil.which("aws-lambda-ric")
        if client is None:
            raise UnknownRuntime(
                f"running {runtime} needs AWS's runtime interface client: npm install -g aws-lambda-ric"
            )
        return (client, function.handler)
    raise UnknownRuntime(
        f"the embedded AWS cannot run {runtime or 'a function without a runtime'}: it runs python3.x, nodejs and "
        "provided"
    )


def _python(handler: str, client: str) -> tuple[str, ...]:
    if client == "auto" and importlib.util.find_spec("awslambdaric") is not None:
        return (sys.executable, "-m", "awslambdaric", handler)
    # -P: the folder of bootstrap.py must not be where the function's imports are looked for.
    return (sys.executable, "-P", str(Path(__file__).with_name("bootstrap.py")), handler)


def _bootstrap(places: Places) -> Path:
    seen = places.as_seen()
    for folder, name in ((places.task_root, seen.task_root), (places.layers, seen.layers)):
        if folder is not None and name is not None and (folder / "bootstrap").is_file():
            if not os.access(folder / "bootstrap", os.X_OK):
                raise NoEntrypoint("fork/exec /var/task/bootstrap: permission denied")
            return name / "bootstrap"
    raise NoEntrypoint("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")


def variables(function: Function, places: Places, settings: EnvironmentSettings) -> dict[str, str]:
    """The environment variables of a function, its own last. None of the server's is among them."""
    seen = places.as_seen()
    result = {
        "AWS_LAMBDA_RUNTIME_API": settings.runtime_api,
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ACCESS_KEY_ID": settings.access_key.key_id,
        "AWS_SECRET_ACCESS_KEY": settings.access_key.secret,
        "AWS_SESSION_TOKEN": settings.access_key.token or "",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": settings.log_stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": function.initialization_type,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "LAMBDA_TASK_ROOT": str(seen.task_root),
        "_HANDLER": function.handler,
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "TMPDIR": str(seen.scratch),
        # The code is shared by all environments of a version, and read-only on Lambda.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if places.seen is None:
        # On Lambda it is not set, and programs ask for the user's entry; here that would be the developer's.
        result["HOME"] = str(places.scratch)
    if function.log_format.json:
        result["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        if function.application_log_level:
            result["AWS_LAMBDA_LOG_LEVEL"] = function.application_log_level
    # Last, as it is reserved on Lambda: by this variable the processes of an environment are known.
    return {**result, **_search_paths(function, seen), **function.variables, _MARK: str(places.scratch)}


def mark(scratch: Path) -> str:
    """The environment variable that all processes of an execution environment inherit, and no other process has."""
    return f"{_MARK}={scratch}"


def _search_paths(function: Function, places: Places) -> dict[str, str]:
    root, opt = places.task_root, places.layers
    python, node = [root], [root / "node_modules"]
    binaries = [*_runtime_binaries(function), Path("/usr/local/bin"), Path("/usr/bin"), Path("/bin")]
    libraries = [*interpreter_libraries(os.environ), root, root / "lib"]
    if opt is not None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        python += [opt / "python", opt / "python" / "lib" / version / "site-packages"]
        major = function.runtime.removeprefix("nodejs").removesuffix(".x")
        node += [opt / "nodejs" / "node_modules", opt / "nodejs" / f"node{major}" / "node_modules"]
        binaries.append(opt / "bin")
        libraries.append(opt / "lib")
    return {
        "PYTHONPATH": _joined(python),
        "NODE_PATH": _joined(node),
        "PATH": _joined(binaries),
        "LD_LIBRARY_PATH": _joined(libraries),
    }


def _runtime_binaries(function: Function) -> list[Path]:
    """Where the runtime's own interpreter is, which comes first on Lambda too, as /var/lang/bin."""
    if function.runtime.startswith("python3"):
        return [Path(sys.executable).parent]
    if function.runtime.startswith("nodejs") and (node := shutil.which("node")) is not None:
        return [Path(node).parent]
    return []


def _joined(folders: list[Path]) -> str:
    return os.pathsep.join(str(folder) for folder in folders)
