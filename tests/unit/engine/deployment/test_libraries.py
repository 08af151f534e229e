"""The libraries of the steps: pinned as everywhere, and installed for Lambda by whichever installer is there."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from powertune.engine.deployment.bundle import make_bundle
from powertune.engine.deployment.libraries import (
    ON_AWS,
    WorkerPlatform,
    download_libraries,
    installed_libraries,
    installer,
    requirements,
    run_command,
    this_machine,
)
from powertune.errors import UsageError
from powertune.model import Architecture

LOCK = Path(__file__).parents[4] / "requirements" / "constraints.txt"
MOST_BYTES = 50 * 2**20


def test_the_steps_run_with_the_versions_that_are_tested() -> None:
    assert [text.partition("==")[0] for text in requirements()] == ["Jinja2", "MarkupSafe", "msgspec", "numpy"]
    assert set(requirements()) <= set(LOCK.read_text().splitlines()), "make lock, then take the versions from there"


def test_pip_is_asked_for_wheels_of_lambdas_python_and_processor() -> None:
    command = installer(ON_AWS, "/there", pip=True)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[command.index("--python-version") + 1] == "3.14"
    assert "manylinux_2_28_aarch64" in command
    assert {"--no-deps", "--only-binary", *requirements()} <= set(command)
    intel = installer(WorkerPlatform(runtime="python3.13", architecture=Architecture.X86_64), "/there", pip=True)
    assert "manylinux2014_x86_64" in intel


def test_uv_takes_the_place_of_pip() -> None:
    command = installer(ON_AWS, "/there", pip=False, which=lambda name: f"/bin/{name}")
    assert command[:3] == ["/bin/uv", "pip", "install"]
    assert command[command.index("--python-platform") + 1] == "aarch64-manylinux_2_28"
    assert {"--no-deps", "--only-binary", *requirements()} <= set(command)


def test_without_either_it_is_said_what_to_install() -> None:
    with pytest.raises(UsageError, match="neither pip nor uv") as refused:
        installer(ON_AWS, "/there", pip=False, which=lambda _: None)
    assert "ensurepip" in (refused.value.hint or "")


def test_what_was_installed_is_read_and_what_fails_is_said() -> None:
    def run(command: Sequence[str]) -> tuple[int, str]:
        folder = Path(command[command.index("--target") + 1])
        (folder / "numpy" / "tests").mkdir(parents=True)
        (folder / "numpy" / "__init__.py").write_bytes(b"import this")
        (folder / "numpy" / "tests" / "test_it.py").write_bytes(b"")
        return 0, ""

    assert download_libraries(ON_AWS, run) == {"numpy/__init__.py": b"import this"}
    with pytest.raises(UsageError, match=r"cannot install .*python3\.14 on arm64: ERROR: none found$"):
        download_libraries(ON_AWS, lambda _: (1, "looking\nERROR: none found"))
    with pytest.raises(UsageError, match="exit status 3"):
        download_libraries(ON_AWS, lambda _: (3, ""))


def test_a_command_is_run_without_saying_anything(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command([sys.executable, "-c", "print('said'); raise SystemExit(2)"]) == (2, "said")
    assert capfd.readouterr() == ("", "")


@pytest.mark.long
def test_this_machine_needs_no_download() -> None:
    files = installed_libraries()
    assert {"numpy/__init__.py", "msgspec/__init__.py"} <= files.keys()
    assert not [name for name in files if "/tests/" in name or name.startswith(("..", "/"))]
    runtime = this_machine(Architecture.X86_64).runtime
    assert runtime == f"python3.{sys.version_info.minor}"


@pytest.mark.long
def test_the_bundle_for_lambda_is_small_and_for_its_processor() -> None:
    try:
        libraries = download_libraries(ON_AWS)
    except UsageError as error:
        pytest.skip(f"no wheels to be had: {error.message}")
    bundle = make_bundle(b"", libraries)
    assert bundle.unpacked_bytes < MOST_BYTES
    native = [name for name in bundle.files if ".cpython-" in name]
    assert native
    assert all("cpython-314-aarch64-linux-gnu" in name for name in native)
    # EM_AARCH64, in the header of an ELF file.
    assert {bundle.files[name][18:20] for name in native} == {b"\xb7\x00"}
