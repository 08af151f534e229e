"""The ZIP of the steps: reproducible, small, and enough to run them."""

import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from powertune.engine.deployment.bundle import LAMBDA_LIMIT_BYTES, Bundle, is_wanted, make_bundle, read_folder
from powertune.engine.deployment.libraries import installed_libraries
from powertune.errors import UsageError

HANDLERS = b"def prepare(event, context): ...\n"
#: numpy's linear algebra is 30 MB of it, in one file; the rest of numpy, msgspec and powertune share what is left.
MOST_BYTES = 50 * 2**20


def test_the_same_files_give_the_same_bytes_in_whatever_order_and_whenever_they_were_written(tmp_path: Path) -> None:
    for name in ("b.py", "a/c.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    one = Bundle(read_folder(tmp_path))
    os.utime(tmp_path / "b.py", (0, time.time() - 1e6))
    (tmp_path / "b.py").chmod(0o600)
    other = Bundle(dict(reversed(read_folder(tmp_path).items())))
    assert one.zipped() == other.zipped()
    assert one.digest == other.digest
    assert Bundle({**one.files, "b.py": b"other"}).digest != one.digest
    assert Bundle({"a": b"bc"}).digest != Bundle({"ab": b"c"}).digest


def test_entries_are_sorted_and_readable_by_everybody_and_of_one_moment() -> None:
    with zipfile.ZipFile(io.BytesIO(Bundle({"b": b"1", "a/x.so": b"2"}).zipped())) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["a/x.so", "b"]
    assert {(entry.date_time, entry.external_attr >> 16, entry.create_system) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, 3)
    }


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("numpy/_core/_multiarray_umath.cpython-314-aarch64-linux-gnu.so", True),
        ("numpy.libs/libscipy_openblas64_-7220728c.so", True),
        ("numpy/typing/__init__.py", True),
        ("numpy-2.4.6.dist-info/licenses/LICENSE.txt", True),
        ("powertune/data/prices.json", True),
        ("powertune/report/json_report.py", True),
        ("numpy/_core/_simd.cpython-314-aarch64-linux-gnu.so", False),
        ("numpy/_core/tests/test_umath.py", False),
        ("numpy/f2py/crackfortran.py", False),
        ("numpy/__init__.pyi", False),
        ("numpy/random/lib/libnpyrandom.a", False),
        ("numpy-2.4.6.dist-info/RECORD", False),
        ("powertune/__pycache__/plan.cpython-311.pyc", False),
        ("powertune/cli/app.py", False),
        ("powertune/local/server.py", False),
        ("powertune/report/html/scan_page.py", True),
        ("powertune/report/html/templates/scan.html.j2", True),
        ("powertune/report/html/templates/plotly-basic.min.js", False),
        ("powertune/statemachine/template.yaml", False),
    ],
)
def test_what_no_step_needs_stays_out(name: str, wanted: bool) -> None:
    assert is_wanted(name) is wanted


def test_lambdas_limit_is_known_before_anything_is_uploaded() -> None:
    class Large(bytes):
        def __len__(self) -> int:
            return LAMBDA_LIMIT_BYTES + 1

    with pytest.raises(UsageError, match="Lambda takes 262,144,000"):
        Bundle({"large": Large()}).zipped()


@pytest.mark.long
def test_the_bundle_of_this_machine_is_small_and_all_that_the_steps_import(tmp_path: Path) -> None:
    bundle = make_bundle(HANDLERS, installed_libraries())
    assert bundle.unpacked_bytes < MOST_BYTES
    assert bundle.files["handlers.py"] == HANDLERS
    with zipfile.ZipFile(io.BytesIO(bundle.zipped())) as archive:
        archive.extractall(tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import handlers, numpy, msgspec\n"
        "import powertune.engine.direct, powertune.engine.restoring, powertune.analysis, powertune.results\n"
        "import powertune.engine.steps.scanning\n"
        "from powertune.scan.concluding import ScanOccasion, conclude\n"
        "from powertune.report.html.scan_page import render_scan_html\n"
        "from powertune.report.scan.reported import ReportedScan\n"
        "scan = conclude((), ScanOccasion(now=0, days=14, tool_version='1'))\n"
        "assert b'</html>' in render_scan_html(ReportedScan(scan=scan))\n"
        "numpy.linalg.cholesky(numpy.eye(3)); numpy.random.default_rng(1).normal()\n"
        "found = [m.__file__ for m in (handlers, numpy, msgspec, powertune)]\n"
        "sys.exit([f for f in found if not f.startswith(sys.argv[1])] or 0)\n"
    )
    # Isolated, and without site-packages: what the bundle lacks is not found elsewhere.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
