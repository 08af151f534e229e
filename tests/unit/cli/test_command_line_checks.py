"""What is refused before anything is started: no embedded AWS, no call to AWS."""

import os
from pathlib import Path
from typing import Any

import pytest

from powertune.cli.app import run_app
from powertune.cli.code import Code, find_code
from powertune.cli.command_line_checks import check_options
from powertune.cli.sources import Folder, parse_folder
from powertune.config import LocalOptions
from powertune.errors import UsageError
from powertune.prices import PriceTable


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a function, in the current folder, which has results of a run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    (tmp_path / "small/app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "run.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["./small", "--memory", "128,abc"], "memory size 'abc' is not a whole number of MB", "for example --memory"),
        (["./small", "--environments", "0"], "environments '0' is not a whole number from 1", "for example 1"),
        (["./small", "--payload", "{broken"], "payload '{broken' is not JSON", ""),
        (["./small", "--payload", "@none.json"], "cannot read payload file 'none.json'", "check --payload"),
        (["./small", "--search", "gird"], "unknown search 'gird'", "did you mean grid?"),
        (["./small", "--strategy", "speedy"], "unknown strategy 'speedy'", "did you mean speed?"),
        (["./small", "--format", "markdwon"], "unknown format 'markdwon'", "did you mean markdown?"),
        (["./small", "--output", "json"], "-o names a file, and 'json' is a format", "did you mean --format json?"),
        (["./small", "--region", "useast1"], "'useast1' is not a region", "did you mean us-east-1?"),
        (["f", "--region", "useast1", "--yes"], "'useast1' is not a region", "did you mean us-east-1?"),
        (["f", "g", "--yes"], "unexpected argument 'g' after 'f'", "run powertune once for each function"),
        (["./run.json"], "'./run.json' is not a function", "powertune report ./run.json"),
        (["run.json"], "'run.json' is not a function", "powertune report run.json"),
        (["f", "--memory", "128,abc"], "memory size 'abc'", "for example --memory"),
        (["./none/app.py:handler"], "there is no file './none/app.py'", "path/to/app.py:handler"),
    ],
)
def test_a_mistake_is_found_before_anything_starts(
    arguments: list[str], error: str, hint: str, code: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["run", *arguments]) == 2
    told = capfd.readouterr().err
    assert told.startswith(f"error: {error}"), told
    assert f"\nhint: {hint}" in told or (hint and hint in told.splitlines()[1]), told


def test_no_handler_is_found_before_anything_starts(code: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (code / "small/app.py").rename(code / "small/main.py")
    assert run_app(["run", "./small"]) == 2
    assert capfd.readouterr().err == (
        "error: there is no handler in 'small': none of app.py, lambda_function.py, index.mjs, index.js, bootstrap\n"
        "hint: name it: path/to/file.py:function, or `handler` in [local] of powertune.toml\n"
    )


def test_an_event_in_a_pipe_is_left_for_the_run_to_read() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b'{"a": 1}')
        os.close(writing)
        check_options("fn", {"payload": f"@/dev/fd/{reading}"})
        assert os.read(reading, 100) == b'{"a": 1}'
    finally:
        os.close(reading)


def test_an_event_that_the_set_up_script_writes_need_not_be_there_yet(tmp_path: Path) -> None:
    folder_with(tmp_path, "app.py", "build.py")
    settings = '[local]\nhandler = "app.handler"\npayload = "@event.json"\n'
    (tmp_path / "powertune.toml").write_text(settings)
    with pytest.raises(UsageError, match="cannot read payload file"):
        check_options(f"{tmp_path}/", {})
    (tmp_path / "powertune.toml").write_text(settings + 'setup = "build.py"\n')
    check_options(f"{tmp_path}/", {})


def folder_with(place: Path, *names: str) -> Folder:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    found = parse_folder(f"{place}/")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("file", "handler", "runtime"),
    [
        ("app.py", "app.handler", "python3."),
        ("lambda_function.py", "lambda_function.lambda_handler", "python3."),
        ("index.mjs", "index.handler", "nodejs"),
        ("index.js", "index.handler", "nodejs"),
        ("bootstrap", "bootstrap.handler", "provided."),
    ],
)
def test_a_usual_handler_is_found(file: str, handler: str, runtime: str, tmp_path: Path) -> None:
    found = find_code(folder_with(tmp_path, file), LocalOptions())
    assert found.handler == handler
    assert found.runtime.startswith(runtime)


def test_lambdas_own_file_needs_no_function(tmp_path: Path) -> None:
    folder_with(tmp_path, "lambda_function.py")
    folder = parse_folder(f"{tmp_path}/lambda_function.py")
    assert folder is not None
    assert find_code(folder, LocalOptions()).handler == "lambda_function.lambda_handler"


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("src/app.py", {"handler": "src/app.handler"}),
        ("src/app.py", {"handler": "src.app.handler"}),
        ("src/__init__.py", {"handler": "src.handler"}),
        ("main.cjs", {"handler": "main.handler", "runtime": "nodejs22.x"}),
        ("main.jar", {"handler": "com.example.Main::run", "runtime": "java21"}),
        ("build.py", {"handler": "built.handler", "setup": "build.py"}),
    ],
)
def test_a_handler_of_the_file_is_taken(file: str, options: dict[str, Any], tmp_path: Path) -> None:
    folder = folder_with(tmp_path, file)
    expected = Code(handler=options["handler"], runtime=options.get("runtime", folder.runtime))
    assert find_code(folder, LocalOptions(**options)) == expected


@pytest.mark.parametrize(
    "options",
    [{"handler": "ap.handler"}, {"handler": "app.handler", "runtime": "nodejs22.x"}],
    ids=["name", "runtime"],
)
def test_a_handler_without_its_file_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "app.py")
    with pytest.raises(UsageError, match=r"there is no '.*' in '.*', for the handler") as caught:
        find_code(folder, LocalOptions(**options))
    assert "powertune.toml" in str(caught.value.hint)


def test_a_region_without_prices_may_be_a_slip() -> None:
    with pytest.raises(UsageError, match="no Lambda prices are known for region 'us-eastt-1'") as caught:
        PriceTable.bundled().region("us-eastt-1")
    assert str(caught.value.hint).startswith("did you mean us-east-1? fetch the prices of us-eastt-1")
