"""Memory that is nearly used up, or was: strictly above 95 %, or invocations that ran out of it."""

import pytest
from scanned import known, memory_use, place_evidence, scanned_function

from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, ReportStatistics
from powertune.scan.finding import Severity
from powertune.scan.rules.memory_undersized import RULE

KILLED = ReportStatistics(days=14, count=1_000, billed_sum_ms=1.0, out_of_memory=2)


def test_more_than_95_percent_is_nearly_all() -> None:
    (found,) = RULE.check(place_evidence(known(memory=memory_use(973))))
    assert found.severity is Severity.MEDIUM
    assert found.saving is None
    assert found.summary == "it uses 973 of 1,024 MB"
    assert found.facts[0].text == "used at most 973 MB of 1,024 MB (95 %) in 1,000 invocations"
    # 973 MB and 20 % are 1,168 MB.
    assert " --memory 1536,1769,2048 " in found.next_step


def test_who_ran_out_of_memory_fails() -> None:
    (found,) = RULE.check(place_evidence(known(reports=KILLED)))
    assert found.severity is Severity.HIGH
    assert found.summary == "2 invocations ran out of its 1,024 MB"
    assert [(fact.source, fact.text) for fact in found.facts] == [
        (EvidenceSource.LOGS_INSIGHTS, "2 invocations ran out of memory in 14 days")
    ]
    (found,) = RULE.check(place_evidence(known(reports=KILLED, memory=memory_use(1024))))
    assert found.severity is Severity.HIGH
    assert len(found.facts) == 2


def test_no_size_is_beyond_the_largest() -> None:
    largest = scanned_function(memory_mb=10_240)
    (found,) = RULE.check(place_evidence(known(largest, memory=memory_use(10_240, at_mb=10_240))))
    assert found.next_step == "reduce the memory that it needs: Lambda offers no more than 10,240 MB"
    large = scanned_function(memory_mb=9_000)
    (found,) = RULE.check(place_evidence(known(large, memory=memory_use(9_000, at_mb=9_000))))
    assert " --memory 10240 " in found.next_step


@pytest.mark.parametrize(
    "other",
    [
        known(memory=memory_use(972.8)),
        known(memory=memory_use(1024, at_mb=2048)),
        known(scanned_function(memory_mb=512), memory=memory_use(500, at_mb=1024)),
        known(),
        known(reports=ReportStatistics(days=14, count=1, billed_sum_ms=1.0)),
        known(scanned_function(compute=Compute.MANAGED_INSTANCES), memory=memory_use(1024)),
    ],
    ids=["95 percent", "half of another size", "with more of it", "no evidence", "no kill", "instances"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
