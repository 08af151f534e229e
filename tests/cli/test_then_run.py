"""The functions that promise most are tuned after a scan, one after another, and one that fails ends no other."""

from pathlib import Path
from typing import Any

import pytest
from scans import function_line, make_test_scan, scan_finding
from settled import settle

from powertune.aws.identity import ConnectionOptions
from powertune.cli.opportunities import tune_largest
from powertune.cli.scanning import ScanWishes, ask_for
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.model import Architecture
from powertune.scan.scan import FunctionLine

ACCOUNT = "123456789012"


def saved_by(line: FunctionLine, amount: float) -> Any:
    return scan_finding(line=line, saving=(amount, 0.0, amount))


@pytest.mark.long
def test_the_largest_are_tuned_and_one_that_is_gone_ends_no_other(
    aws_environment: EmbeddedAWS, client: Any, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    client.create_function(
        FunctionName="promising",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=512,
    )
    settle(client, "promising")
    there = client.get_function_configuration(FunctionName="promising")
    architecture = Architecture(there["Architectures"][0])
    gone, line, small = (
        function_line(name, architecture=architecture, memory_mb=512) for name in ("gone", "promising", "small")
    )
    scan = make_test_scan(
        saved_by(gone, 9.0), saved_by(line, 8.0), saved_by(small, 0.1), functions=(gone, line, small)
    )
    wishes = ScanWishes(questions=ask_for({}, prices=None, results_folder=None), outputs=(), scans="s", quiet=True)

    tune_largest(scan, 2, ACCOUNT, ConnectionOptions(), wishes, ask=False)

    printed = capfd.readouterr()
    assert "gone was not tuned: function gone does not exist" in printed.err
    _, first, second = printed.out.splitlines()
    assert first.split() == ["gone", "not", "measured"]
    assert second.startswith("promising  ")
    assert "not measured" not in second
    assert len(list(Path("powertune-results").glob("promising-*.json"))) == 1
    # As it was found: no version, no alias, the same size.
    kept = client.get_function_configuration(FunctionName="promising")
    assert (kept["MemorySize"], kept["CodeSha256"]) == (512, there["CodeSha256"])
    assert client.list_aliases(FunctionName="promising")["Aliases"] == []
    client.delete_function(FunctionName="promising")
