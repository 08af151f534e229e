"""The table of runtimes: commands and environment variables."""

import sys
from pathlib import Path

import pytest
from factories import make_embedded_function

from powertune.local.endpoint.keys import AccessKey
from powertune.local.functions import LogFormat
from powertune.local.runtime import runtimes
from powertune.local.runtime.runtimes import EnvironmentSettings, NoEntrypoint, Places, UnknownRuntime

KEY = AccessKey(key_id="ASIA", secret="secret", token="token")


def test_table_of_runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(task_root=tmp_path / "task", layers=tmp_path / "opt", scratch=tmp_path)
    assert runtimes.command(make_embedded_function(), places)[1:] == ("-m", "awslambdaric", "app.handler")
    plain = runtimes.command(make_embedded_function(), places, "bootstrap")
    assert plain[1] == "-P"
    assert plain[2].endswith("bootstrap.py")
    with pytest.raises(NoEntrypoint, match="find valid bootstrap"):
        runtimes.command(make_embedded_function(runtime="provided.al2"), places)
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/bootstrap").write_text("#!/bin/sh\n")
    with pytest.raises(NoEntrypoint, match="permission denied"):
        runtimes.command(make_embedded_function(runtime="provided.al2"), places)
    (tmp_path / "opt/bootstrap").chmod(0o755)
    assert runtimes.command(make_embedded_function(runtime="provided.al2"), places) == (
        str(tmp_path / "opt/bootstrap"),
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnknownRuntime, match="npm install -g aws-lambda-ric"):
        runtimes.command(make_embedded_function(runtime="nodejs22.x"), places)
    (tmp_path / "aws-lambda-ric").write_text("#!/bin/sh\n")
    (tmp_path / "aws-lambda-ric").chmod(0o755)
    assert runtimes.command(make_embedded_function(runtime="nodejs22.x"), places) == (
        str(tmp_path / "aws-lambda-ric"),
        "app.handler",
    )
    for changes, words in (
        ({"runtime": "java21"}, "cannot run java21"),
        ({"runtime": ""}, "a function without a runtime"),
        ({"package_type": "Image"}, "container images"),
    ):
        with pytest.raises(UnknownRuntime, match=words):
            runtimes.command(make_embedded_function(**changes), places)


def test_environment_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(task_root=Path("/task"), layers=Path("/layers"), scratch=tmp_path)
    settings = EnvironmentSettings(runtime_api="127.0.0.1:9", endpoint_url="http://x", log_stream="s", access_key=KEY)
    fn = make_embedded_function(
        variables={"MINE": "1", "TZ": "Europe/Berlin"}, runtime="nodejs20.x",
        log_format=LogFormat(json=True), application_log_level="DEBUG",
    )  # fmt: skip
    library = f"{sys.base_prefix}/lib"
    for name, value in (("PATH", "/own"), ("SECRET", "s"), ("LD_LIBRARY_PATH", f"/lib2:{library}")):
        monkeypatch.setenv(name, value)
    seen = runtimes.variables(fn, places, settings)
    assert seen["MINE"] == "1"
    assert seen["TZ"] == "Europe/Berlin"
    assert "SECRET" not in seen
    assert seen["PATH"] == "/usr/local/bin:/usr/bin:/bin:/layers/bin"
    assert seen["LD_LIBRARY_PATH"] == f"{library}:/task:/task/lib:/layers/lib"
    assert (seen["HOME"], seen["TMPDIR"]) == (str(tmp_path), str(tmp_path))
    assert "/layers/nodejs/node20/node_modules" in seen["NODE_PATH"]
    assert seen["PYTHONPATH"].startswith("/task:/layers/python")
    assert (seen["AWS_LAMBDA_LOG_FORMAT"], seen["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", "DEBUG")
    bare = runtimes.variables(
        make_embedded_function(log_format=LogFormat(json=True)),
        Places(task_root=Path("/t"), layers=None, scratch=tmp_path),
        settings,
    )
    assert "AWS_LAMBDA_LOG_LEVEL" not in bare
    assert bare["PYTHONPATH"] == "/t"


def test_names_in_a_sandbox(tmp_path: Path) -> None:
    seen = Places(task_root=Path("/var/task"), layers=Path("/opt"), scratch=Path("/tmp"))
    places = Places(task_root=tmp_path / "task", layers=tmp_path / "layers", scratch=tmp_path, seen=seen)
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers/bootstrap").write_text("#!/bin/sh\n")
    (tmp_path / "layers/bootstrap").chmod(0o755)
    assert runtimes.command(make_embedded_function(runtime="provided.al2"), places) == ("/opt/bootstrap",)
    settings = EnvironmentSettings(runtime_api="127.0.0.1:9", endpoint_url="http://x", log_stream="s", access_key=KEY)
    variables = runtimes.variables(make_embedded_function(), places, settings)
    assert (variables["LAMBDA_TASK_ROOT"], variables["TMPDIR"]) == ("/var/task", "/tmp")
    assert variables["PYTHONPATH"].startswith("/var/task:/opt/python:")
    assert variables["PATH"].startswith(f"{Path(sys.executable).parent}:/usr/local/bin:")
    assert "HOME" not in variables
    assert runtimes.mark(places.scratch) == f"LAMBDA_RUNTIME_DIR={variables['LAMBDA_RUNTIME_DIR']}"
