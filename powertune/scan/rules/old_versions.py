"""Functions with many published versions, or large ones."""

from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, PlaceEvidence, ScannedFunction
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.rule import ScanRule
from powertune.units import plural

_MANY = 20
_LARGE_GB = 1
_BYTES_PER_GB = 2**30
#: Less of the code storage than this is not worth a word.
_NOTICED_MB = 1


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        function = known.function
        stored_gb = sum(version.code_size_bytes for version in function.versions) / _BYTES_PER_GB
        # The code of an image is in ECR.
        if function.package_type != "Zip" or not (len(function.versions) > _MANY or stored_gb > _LARGE_GB):
            continue
        count = plural(len(function.versions), "published version")
        # Below a tenth of a GB the size is not what is wrong.
        size = f"{stored_gb:.1f} GB" if stored_gb >= 0.1 else f"{stored_gb * 1024:,.0f} MB"
        small = stored_gb * 1024 < _NOTICED_MB
        yield RULE.finding(
            known,
            summary=f"it has {count}" if small else f"its {count} take {size} of the code storage",
            facts=(
                Fact(source=EvidenceSource.CONFIGURATION, text=count if small else f"{count} with {size} of code"),
                Fact(source=EvidenceSource.CONFIGURATION, text="which of them aliases point to was not looked at"),
            ),
            next_step=_next_step(function),
        )


def _next_step(function: ScannedFunction) -> str:
    versions, aliases = (
        f"`{function_command(function, action)}`" for action in ("list-versions-by-function", "list-aliases")
    )
    delete = function_command(function, "delete-function", qualifier="VERSION")
    return f"compare {versions} with {aliases}, and delete versions that no alias points to with `{delete}`"


RULE = ScanRule(
    id="old-versions",
    title="Old versions fill the code storage",
    severity=Severity.INFO,
    needs=(),
    check=_check,
    page=f"""
Reports a function with more than {_MANY} published versions, or with more than {_LARGE_GB} GB of code in its
versions.

Code storage is free, so there is no saving. But all versions of all functions and layers in a region share one quota.
When it is used up, nobody can deploy code there any more. `aws lambda get-account-settings` shows the quota and how
much of it is used. Functions that are container images are left out, because their code is in Amazon ECR.

A scan does not read aliases. Before you delete a version, make sure that no alias points to it, and that nobody
invokes it by its number.
""",
)
