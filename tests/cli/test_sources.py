import io
import sys
from pathlib import Path

import pytest

from powertune.cli.sources import parse_folder, payload_reader
from powertune.errors import UsageError


@pytest.mark.parametrize(
    ("file", "target", "handler", "runtime"),
    [
        ("app.py", "app.py:main", "app.main", "python3."),
        ("index.js", "index.js:handler", "index.handler", "nodejs"),
        ("index.mjs", "index.mjs:handler", "index.handler", "nodejs"),
        ("bootstrap", "bootstrap", "bootstrap.handler", "provided."),
    ],
)
def test_a_file_and_its_handler(file: str, target: str, handler: str, runtime: str, tmp_path: Path) -> None:
    (tmp_path / file).touch()
    folder = parse_folder(f"{tmp_path}/{target}")
    assert folder is not None
    assert folder.handler == handler
    assert folder.runtime.startswith(runtime)
    assert folder.path == tmp_path


def test_the_functions_name_is_the_folders_as_lambda_allows_it(tmp_path: Path) -> None:
    odd = tmp_path / "my func.tion!"
    odd.mkdir()
    folder = parse_folder(str(odd))
    assert folder is not None
    assert (folder.name, folder.handler) == ("my-func-tion", None)


def test_what_names_a_function_on_aws() -> None:
    assert parse_folder("my-function:prod") is None
    assert parse_folder("arn:aws:lambda:us-east-1:123456789012:function:fn") is None


@pytest.mark.parametrize("target", ["nowhere.py:handler", "./nowhere", "{folder}/app.py", "{folder}/app.py:"])
def test_what_is_not_there(target: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    with pytest.raises(UsageError) as caught:
        parse_folder(target.format(folder=tmp_path))
    assert caught.value.hint


def test_payloads_come_from_the_text_a_file_stdin_or_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "event.json").write_bytes(b'{"from": "file"}')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"from": "stdin"}')))
    read = payload_reader(lambda bucket, key: f"{bucket} {key}".encode())
    assert read('{"from": "text"}', tmp_path) == b'{"from": "text"}'
    assert read("@event.json", tmp_path) == b'{"from": "file"}'
    assert read("@-", tmp_path) == b'{"from": "stdin"}'
    assert read("s3://bucket/path/to/key.json", tmp_path) == b"bucket path/to/key.json"
    with pytest.raises(UsageError, match="cannot read payload file"):
        read("@none.json", tmp_path)
