"""Which handler of a folder is served on the embedded AWS, found before that is started."""

from dataclasses import dataclass, replace
from pathlib import Path

from powertune.cli.sources import Folder
from powertune.config import LocalOptions
from powertune.errors import UsageError

#: The files that are looked for, with their handlers: this project's, then those that Lambda itself makes.
_USUAL = {
    "app.py": "app.handler",
    "lambda_function.py": "lambda_function.lambda_handler",
    "index.mjs": "index.handler",
    "index.js": "index.handler",
    "bootstrap": "bootstrap.handler",
}
#: Where the runtimes that this machine can run have the file of a handler, by the beginnings of their names.
_ENDINGS = {"python": (".py", "/__init__.py"), "nodejs": (".js", ".mjs", ".cjs")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A handler as Lambda writes it (`app.handler`), and its runtime."""

    handler: str
    runtime: str


def find_code(folder: Folder, options: LocalOptions) -> Code:
    """The handler that was named on the command line, or in the file of the folder, or one that is usually there.

    Raises:
        UsageError: there is no such file. A set-up script that is going to run may write it: then it is not missed.
    """
    handler = folder.handler or options.handler
    if handler is None:
        file = next((name for name in _USUAL if (folder.path / name).is_file()), None)
        if file is None and options.setup is None:
            raise UsageError(
                f"there is no handler in {str(folder.path)!r}: none of {', '.join(_USUAL)}",
                hint="name it: path/to/file.py:function, or `handler` in [local] of powertune.toml",
            )
        file = file or "app.py"
        handler, folder = _USUAL[file], replace(folder, suffix=Path(file).suffix)
    runtime = options.runtime or folder.runtime
    _check(folder.path, Code(handler=handler, runtime=runtime), options)
    return Code(handler=handler, runtime=runtime)


def _check(folder: Path, code: Code, options: LocalOptions) -> None:
    """See that the file of a handler is there."""
    endings = next((each for name, each in _ENDINGS.items() if code.runtime.startswith(name)), ())
    module, dot, _ = code.handler.rpartition(".")
    if not dot or not endings or options.setup is not None:
        return
    # Lambda takes pkg/module.function, and Python pkg.module.function as well.
    names = [f"{place}{ending}" for place in dict.fromkeys((module, module.replace(".", "/"))) for ending in endings]
    if not any((folder / name).is_file() for name in names):
        raise UsageError(
            f"there is no {names[0]!r} in {str(folder)!r}, for the handler {code.handler!r}",
            hint="fix `handler` in [local] of powertune.toml, or name the file: path/to/file.py:function",
        )
