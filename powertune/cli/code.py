"""Which handler of a folder is served on the embedded AWS, found before that is started."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from powertune.cli.sources import Folder
from powertune.config import LocalOptions
from powertune.errors import UsageError
from powertune.units import did_you_mean, shown

#: The files that are looked for, with their handlers: this project's, then those that Lambda itself makes.
_USUAL = {
    "app.py": "app.handler",
    "lambda_function.py": "lambda_function.lambda_handler",
    "index.mjs": "index.handler",
    "index.js": "index.handler",
    "bootstrap": "bootstrap.handler",
}
#: Where the runtimes that the embedded AWS runs have the file of a handler, by the beginnings of their names.
_ENDINGS = {"python3": (".py", "/__init__.py"), "nodejs": (".js", ".mjs", ".cjs")}
_CUSTOM, _BOOTSTRAP = "provided", "bootstrap"
#: By these a module may have a handler whose name it does not hold.
_DYNAMIC = re.compile(
    r"import\s*\*|\b(?:globals|locals|vars|setattr|exec|eval)\(|__dict__|__getattr__|sys\.modules"
    r"|export\s*\*|_export_?[sS]tar|module\.exports|exports\[|Object\.\w+\(\s*exports"
)
_PYTHON_FUNCTION = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)


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
    """See that a runtime can be run, and that the file of a handler is there and knows the handler's function."""
    runtime, handler = code.runtime, code.handler
    if not runtime.startswith((*_ENDINGS, _CUSTOM)):
        raise UsageError(
            f"the embedded AWS cannot run {shown(runtime)}",
            hint="set `runtime` in [local] of powertune.toml to python3.x, nodejsNN.x or provided.al2023",
        )
    if options.setup is not None:
        return
    if runtime.startswith(_CUSTOM):
        if not (folder / _BOOTSTRAP).is_file():
            raise UsageError(
                f"there is no {_BOOTSTRAP!r} in {str(folder)!r} to run the handler {handler!r}",
                hint="name a .py, .js, .mjs or .cjs file, or add the custom runtime's bootstrap",
            )
        return
    # Lambda takes pkg/module.function, and Python pkg.module.function and Node.js module.object.function as well.
    folder_part, _, name = handler.rpartition("/")
    python = runtime.startswith("python3")
    module, dot, function = name.rpartition(".") if python else name.partition(".")
    if not dot:
        raise UsageError(f"the handler {handler!r} names no function", hint="write file.function, as in app.handler")
    place = f"{folder_part}/{module}" if folder_part else module
    endings = next(each for known, each in _ENDINGS.items() if runtime.startswith(known))
    names = [f"{each}{ending}" for each in dict.fromkeys((place, place.replace(".", "/"))) for ending in endings]
    files = [folder / each for each in names if (folder / each).is_file()]
    if not files:
        raise UsageError(
            f"there is no {names[0]!r} in {str(folder)!r}, for the handler {handler!r}",
            hint="fix `handler` in [local] of powertune.toml, or name the file: path/to/file.py:function",
        )
    _check_function(files, function.partition(".")[0])


def _check_function(files: Sequence[Path], function: str) -> None:
    """See that one of the files holds a function's name, or may have it in a way that only running it shows."""
    try:
        texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    except OSError as error:
        raise UsageError(f"cannot read {str(files[0])!r}: {error.strerror}", hint="check its permissions") from None
    named = re.compile(rf"(?<![\w$]){re.escape(function)}(?![\w$])")
    if not any(named.search(text) or _DYNAMIC.search(text) for text in texts):
        raise UsageError(
            f"there is no {function!r} in {str(files[0])!r}",
            hint=did_you_mean(function, _PYTHON_FUNCTION.findall(texts[0]), "name a function that takes an event"),
        )
