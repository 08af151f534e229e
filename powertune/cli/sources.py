"""What an option names on the command line: a payload, a price table, a folder with a function."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from powertune.config.values import event_source
from powertune.errors import UsageError
from powertune.prices import PriceTable

PRICE_CACHE = "prices.json"
#: What Lambda's own console calls the function of a file that it makes.
_FUNCTIONS = {"lambda_function.py": "lambda_handler"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Code on this machine: the folder, and the handler as Lambda writes it (`app.handler`)."""

    path: Path
    handler: str | None
    suffix: str

    @property
    def name(self) -> str:
        """A name for the function, made of the folder's."""
        return re.sub(r"[^A-Za-z0-9_-]+", "-", self.path.resolve().name).strip("-")[:64] or "function"

    @property
    def runtime(self) -> str:
        """The runtime that the file's ending asks for; this machine's own Python for Python."""
        major, minor = sys.version_info[:2]
        return {
            ".py": f"python{major}.{minor}",
            ".js": "nodejs22.x",
            ".mjs": "nodejs22.x",
            ".cjs": "nodejs22.x",
        }.get(self.suffix, "provided.al2023")


def parse_folder(target: str) -> Folder | None:
    """`path/to/app.py:handler`, or a folder; None when the text names a function on AWS.

    Raises:
        UsageError: there is no such file.
    """
    if "/" not in target and "." not in target:
        return None
    file, colon, function = target.partition(":")
    path = Path(file)
    if path.is_dir() and not colon:
        return Folder(path=path, handler=None, suffix=".py")
    if not path.is_file():
        raise UsageError(
            f"there is no file {file!r}", hint="write path/to/app.py:handler, or a function's name or ARN"
        )
    if not function and not colon:
        function = _FUNCTIONS.get(path.name, "")
    if not function and path.name != "bootstrap":
        raise UsageError(f"{target!r} names no handler", hint=f"write {file}:handler")
    return Folder(path=path.parent, handler=f"{path.stem}.{function or 'handler'}", suffix=path.suffix)


def payload_file(source: str | None) -> str | None:
    """The file that --payload names as `@file` or `file://file`; None if it names none."""
    text = event_source(source or "")
    return text[1:] if text.startswith("@") and text != "@-" else None


def payload_reader(read_s3: Callable[[str, str], bytes]) -> Callable[[str, Path], bytes]:
    """Fetches what --payload names: the text itself, `@file`, `@-` for stdin, or `s3://bucket/key`.

    What is returned takes the text, and the folder that a relative file name starts from.
    """

    def read(source: str, folder: Path) -> bytes:
        if source == "@-":
            return sys.stdin.buffer.read()
        if (file := payload_file(source)) is not None:
            return _read_file(folder / file)
        if source.startswith("s3://"):
            bucket, _, key = source.removeprefix("s3://").partition("/")
            if not (bucket and key):
                raise UsageError(f"payload {source!r} names no object", hint="write s3://bucket/key")
            return read_s3(bucket, key)
        # Bytes of the command line that are not UTF-8 arrive as surrogates: what they are is for the parser to say.
        return source.encode(errors="surrogateescape")

    return read


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read payload file {str(path)!r}: {error.strerror}", hint="check --payload"
        ) from None


def price_cache() -> Path:
    """Where `powertune prices refresh` keeps what it has read."""
    from platformdirs import user_cache_path

    return user_cache_path("powertune") / PRICE_CACHE


def cached_prices() -> PriceTable | None:
    """What was refreshed, unless it cannot be read: then it is as if it had never been."""
    try:
        return PriceTable.load(price_cache())
    except UsageError:
        return None


def load_prices(file: Path | None) -> PriceTable:
    """The prices of a file; else the bundled ones, with what was refreshed since.

    Raises:
        UsageError: a file that cannot be read as prices.
    """
    if file is not None:
        return PriceTable.load(file)
    bundled, cached = PriceTable.bundled(), cached_prices()
    return bundled.merged(cached) if cached is not None and cached.as_of >= bundled.as_of else bundled
