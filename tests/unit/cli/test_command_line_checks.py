"""What is refused before anything is started: no embedded AWS, no call to AWS."""

import os
from pathlib import Path
from typing import Any

import pytest

from powertune.cli.app import run_app
from powertune.cli.code import Code, find_code
from powertune.cli.command_line_checks import check_options, check_place
from powertune.cli.sources import Folder, parse_folder
from powertune.config import LocalOptions
from powertune.config.option_names import from_environment
from powertune.errors import UsageError
from powertune.prices import PriceTable

_ASK = "add --yes to measure without being asked, or --dry-run to see the plan"


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a function, in the current folder, which has results of a run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    (tmp_path / "small/app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "run.json").write_text("{}")
    return tmp_path


@pytest.mark.long
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
        (["f", "--region", "useast1", "--yes"], "'useast1' is not a region", "did you mean us-east-1?"),
        (["./run.json"], "'./run.json' is not a function", "powertune report ./run.json"),
        (["run.json"], "'run.json' is not a function", "powertune report run.json"),
        (["f", "--memory", "128,abc"], "memory size 'abc'", "for example --memory"),
        (["./none/app.py:handler"], "there is no file './none/app.py'", "path/to/app.py:handler"),
        (["small/app.py:"], "'small/app.py:' names no handler", "write small/app.py:handler"),
        (["small/app.py:handlr"], "there is no 'handlr' in 'small/app.py'", "did you mean handler?"),
        (["run.json:handler"], "there is no 'bootstrap' in '.' to run the handler 'run.handler'", "name a .py"),
        (
            ["./small", "--region", "eu-west-1"],
            "--region is for functions on AWS, and './small' runs",
            "leave it out",
        ),
        (["./small", "--image-uri-x86-64", "i"], "--image-uri-x86-64 is for functions on AWS", "leave it out"),
        (["arn:aws:lambda:eu-west-1:1:function:f"], "'arn:aws:lambda:eu-west-1:1:function:f' is not", "give a name"),
        (["f", "--payload", "s3://bucket"], "payload 's3://bucket' names no object", "write s3://bucket/key"),
        (["f", "--from", "a.json", "--start-from", "b.json"], "--from is the old name of --start-from", "leave"),
        (["small"], "no terminal to ask on", f"{_ASK}; or write ./small to measure the code in that folder"),
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
        (place / name).write_text("handler = lambda_handler = print\n")
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
        ("bootstrap", {"handler": "com.example.Main::run", "runtime": "provided.al2023"}),
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


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"handler": "app.handler", "runtime": "java21"}, "the embedded AWS cannot run 'java21'"),
        ({"handler": "app.handler", "runtime": "python2.7"}, "the embedded AWS cannot run 'python2.7'"),
        ({"handler": "handler"}, "the handler 'handler' names no function"),
    ],
)
def test_what_cannot_run_here_is_refused(options: dict[str, Any], error: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "app.py")
    with pytest.raises(UsageError, match=error):
        find_code(folder, LocalOptions(**options))


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        "def handler(event, context): pass",
        "from handlers import handler",
        "from handlers import *",
        "globals()['hand' + 'ler'] = print",
        "def __getattr__(name): return print",
        "from handlers import*",
        "import sys; sys.modules[__name__] = print",
        "__exportStar(require('./lib'), exports);",
        'export*from"./lib";',
        "Object.assign(exports, require('./lib'));",
    ],
)
def test_a_function_may_come_from_anywhere(text: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "app.py")
    (tmp_path / "app.py").write_text(text)
    assert find_code(folder, LocalOptions(handler="app.handler")).handler == "app.handler"
    (tmp_path / "app.py").write_text("def other(event, context): pass")
    with pytest.raises(UsageError, match="there is no 'handler' in"):
        find_code(folder, LocalOptions(handler="app.handler"))


def test_either_file_of_a_module_may_have_the_function(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "src.py", "src/__init__.py")
    (tmp_path / "src.py").write_text("")
    assert find_code(folder, LocalOptions(handler="src.handler")).handler == "src.handler"


def test_a_handler_of_node_may_be_nested_or_begin_with_a_dollar(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "index.js")
    (tmp_path / "index.js").write_text("exports.api = {handler: f}; exports.$start = f;")
    for handler in ("index.api.handler", "index.$start"):
        options = LocalOptions(handler=handler, runtime="nodejs22.x")
        assert find_code(folder, options).handler == handler
    with pytest.raises(UsageError, match="there is no 'none' in"):
        find_code(folder, LocalOptions(handler="index.none", runtime="nodejs22.x"))


def test_an_option_of_aws_without_a_value_is_none_for_code(code: Path) -> None:
    check_place("./small", {"region": ""})


@pytest.mark.parametrize("option", [["--vpc"], ["--function", "f"], ["--payload", "s3://b/k"]])
def test_a_policy_for_prices_takes_no_function(option: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["iam", "prices", *option]) == 2
    assert capfd.readouterr().err.startswith("error: `powertune prices` does not use a function\n")


def test_a_region_to_restore_in_is_checked(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["restore", "f", "--region", "useast1"]) == 2
    assert "'useast1' is not a region\nhint: did you mean us-east-1?" in capfd.readouterr().err


def test_the_variables_of_aws_are_named_where_ours_would_be_wrong() -> None:
    with pytest.raises(UsageError, match="'POWERTUNE_REGION' sets no option") as caught:
        from_environment({"POWERTUNE_REGION": "eu-west-1"}, ("memory", "precision"))
    assert caught.value.hint == "set AWS_REGION, which the AWS CLI reads too"


def test_a_region_without_prices_may_be_a_slip() -> None:
    with pytest.raises(UsageError, match="no Lambda prices are known for region 'us-eastt-1'") as caught:
        PriceTable.bundled().region("us-eastt-1")
    assert str(caught.value.hint).startswith("did you mean us-east-1? fetch the prices of us-eastt-1")
