"""Which packages a format loads: text formats run where the drawing packages are slow to load, or absent."""

import subprocess
import sys

import pytest

HEAVY = ("pandas", "matplotlib", "plotly", "boto3", "moto", "jinja2")
PROGRAM = """
import sys
from factories import recorded
from powertune.report import RUN

data = RUN.render(recorded(), sys.argv[1])
assert data
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def run_program(program: str, *arguments: str) -> str:
    code = f"import sys; sys.path.insert(0, 'tests')\n{program}"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def loaded_by(name: str) -> set[str]:
    return set(run_program(PROGRAM, name).split())


@pytest.mark.long
@pytest.mark.parametrize("name", ["json", "markdown", "csv", "junit", "visualizer"])
def test_a_text_format_loads_no_drawing_package(name: str) -> None:
    assert not loaded_by(name) & set(HEAVY)


@pytest.mark.long
def test_the_html_page_loads_its_templates_and_nothing_that_draws_pictures() -> None:
    assert loaded_by("html") & set(HEAVY) == {"jinja2"}


HIDDEN = """
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("matplotlib", "pandas"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
from factories import recorded
from powertune.errors import LibraryMissing
from powertune.report import RUN

for name in RUN.renderers:
    try:
        RUN.render(recorded(), name)
    except LibraryMissing as error:
        print(f"{name}: {error.message}: {error.hint}")
try:
    recorded().run.to_frame()
except LibraryMissing as error:
    print(f"{error.message}: {error.hint}")
"""


@pytest.mark.long
def test_a_slim_installation_names_the_library_that_it_lacks_and_does_everything_else() -> None:
    assert run_program(HIDDEN).splitlines() == [
        "png: format png needs matplotlib, which is not installed: pip install matplotlib",
        "svg: format svg needs matplotlib, which is not installed: pip install matplotlib",
        "a data frame needs pandas, which is not installed: pip install pandas",
    ]
