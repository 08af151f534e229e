"""A scan survives its document, and a document that is not one is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import many, mutated_bytes, mutated_json, within
from scans import earlier_scan, full_scan
from strategies import counts, memory_sizes, texts, times

from powertune.cli.tables.scan import render_scan_table
from powertune.cli.tables.screen import Screen
from powertune.errors import UsageError
from powertune.model import Architecture
from powertune.report import SCAN
from powertune.report.scan import ReportedScan
from powertune.scan.coverage import Gap, ScanEffort
from powertune.scan.evidence import AccountRegion, EvidenceSource, MonthlyCost
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.scan import AccountFreeTier, CheckedRule, CostedPlace, FunctionLine, Scan, SuppressedFinding
from powertune.scan.scan_document import dump_scan, parse_scan

amounts = st.just(0.0) | st.floats(1e-9, 1e9)
places = st.builds(AccountRegion, account_id=texts, region=texts, account_name=texts)
savings = st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3).map(
    lambda ends: MonthlySaving(low=min(ends), expected=sorted(ends)[1], high=max(ends))
)


def scans_of(known: list[AccountRegion]) -> st.SearchStrategy[Scan]:
    place = st.sampled_from(known)
    findings = st.builds(
        Finding,
        rule=texts,
        severity=st.sampled_from(Severity),
        place=place,
        subject=texts,
        name=texts,
        summary=texts,
        facts=st.lists(st.builds(Fact, source=st.sampled_from(EvidenceSource), text=texts), max_size=2).map(tuple),
        next_step=texts,
        confidence=st.sampled_from(Confidence),
        saving=st.none() | savings,
        part=st.sampled_from(CostPart),
    )
    lines = st.builds(
        FunctionLine,
        place=place,
        name=texts,
        arn=texts,
        runtime=texts,
        memory_mb=memory_sizes,
        architecture=st.sampled_from(Architecture),
        log_group=texts,
        invocations=st.none() | counts,
        mean_ms=st.none() | amounts,
        cost=st.none()
        | st.builds(
            MonthlyCost,
            **dict.fromkeys((name for name in MonthlyCost.__slots__ if name != "unpriced"), amounts),
            unpriced=st.lists(texts, max_size=2).map(tuple),
        ),
    )
    return st.builds(
        Scan,
        scanned_at=times,
        days=st.floats(0.5, 100),
        tool_version=texts,
        rules=st.lists(
            st.builds(CheckedRule, id=texts, title=texts, needs=st.lists(texts, max_size=2).map(tuple)),
            max_size=2,
            unique_by=lambda rule: rule.id,
        ).map(tuple),
        places=st.just(tuple(CostedPlace(place=each, currency="CNY") for each in known)),
        functions=st.lists(lines, max_size=3, unique_by=lambda line: line.arn).map(tuple),
        findings=st.lists(findings, max_size=3).map(tuple),
        suppressed=st.lists(
            st.builds(
                SuppressedFinding,
                finding=findings,
                reason=texts,
                until=st.none() | st.dates().map(lambda day: day.isoformat()),
            ),
            max_size=1,
        ).map(tuple),
        gaps=st.lists(
            st.builds(
                Gap,
                place=places,
                what=texts,
                reason=texts,
                subjects=st.lists(texts, max_size=2).map(tuple),
                action=texts,
            ),
            max_size=2,
        ).map(tuple),
        effort=st.builds(
            ScanEffort,
            calls=st.lists(st.tuples(texts, counts), max_size=2).map(tuple),
            metrics=counts,
            scanned_bytes=counts,
            usd=amounts,
        ),
        free_tiers=st.lists(
            st.builds(AccountFreeTier, account_id=texts, free_tier_usd=amounts),
            max_size=2,
            unique_by=lambda each: each.account_id,
        ).map(tuple),
    )


scans = st.lists(places, min_size=1, max_size=2, unique_by=lambda place: (place.account_id, place.region)).flatmap(
    scans_of
)


@given(scans)
def test_every_scan_comes_back_as_it_was(scan: Scan) -> None:
    again = parse_scan(dump_scan(scan))

    assert again == scan
    # The name of an account makes no difference to whether two places are the same.
    assert [each.place.account_name for each in again.places] == [each.place.account_name for each in scan.places]


def test_what_is_reported_can_be_read_back() -> None:
    reported = ReportedScan(scan=full_scan(), earlier=(earlier_scan(),))
    assert parse_scan(SCAN.render(reported, "json")) == full_scan()


def test_a_saving_next_to_nothing_comes_back_too() -> None:
    """The difference of two amounts that should be equal."""
    document = json.loads(dump_scan(full_scan()))
    document["findings"][0]["saving"] = {"expected": 1e-17, "low": -3e-17, "high": 2e-17}
    saving = parse_scan(json.dumps(document).encode()).findings[0].saving
    assert saving == MonthlySaving(expected=1e-17, low=-3e-17, high=2e-17)


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


ELSEWHERE = {"account_id": "1", "region": "mars", "account_name": ""}
WRONG: dict[str, tuple[Callable[[Any], None], str]] = {
    "a run": (put("schema", value="powertune/run/1"), "not a scan but the results file of a run"),
    "newer": (put("schema", value="powertune/scan/2"), "was written by a newer powertune"),
    "no findings": (lambda document: document.pop("findings"), "'findings' is missing"),
    "a place twice": (
        lambda document: document["places"].append(document["places"][0]),
        "places cannot be '123456789012 us-east-1': it occurs 2 times",
    ),
    "a function twice": (
        lambda document: document["functions"].append(document["functions"][0]),
        "functions cannot be 'arn:aws:lamb...nction:orders': it occurs 2 times",
    ),
    "a function elsewhere": (put("functions", 1, "place", value=ELSEWHERE), "functions[1].place cannot be '1 mars'"),
    "a finding elsewhere": (put("findings", 2, "place", value=ELSEWHERE), "findings[2].place cannot be '1 mars'"),
    "no currency": (put("places", 0, "currency", value="$"), "places[0].currency cannot be '$'"),
    "a day that is none": (
        put("suppressed", 0, "until", value="2027-13-01"),
        "suppressed[0].until cannot be '2027-13-01': expected YYYY-MM-DD",
    ),
    "a range that is none": (
        put("findings", 0, "saving", "low", value=11),
        "findings[0].saving.expected cannot be 10.0: it is not between low and high",
    ),
    "a severity that is none": (
        put("findings", 0, "severity", value="dire"),
        "findings[0].severity cannot be 'dire'",
    ),
    "a negative cost": (put("functions", 0, "cost", "compute", value=-1), "functions[0].cost.compute cannot be -1"),
    "half a function": (put("functions", 0, "memory_mb", value=64), "functions[0].memory_mb cannot be 64"),
    "a text for a count": (put("functions", 0, "invocations", value="1"), "functions[0].invocations cannot be '1'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_scan_holds_is_refused_with_its_place(case: str) -> None:
    change, message = WRONG[case]
    document = json.loads(dump_scan(full_scan()))
    change(document)

    with pytest.raises(UsageError) as caught:
        parse_scan(json.dumps(document).encode())

    assert message in caught.value.message
    assert caught.value.hint


def test_another_document_of_ours_is_refused() -> None:
    run = Path(__file__).parents[3] / "reports" / "mixed" / "run.json"
    with pytest.raises(UsageError, match="not a scan but the results file of a run"):
        parse_scan(run.read_bytes())


def parsed(data: bytes) -> Scan | None:
    """The scan, or None if it is refused, with a next step."""
    try:
        return parse_scan(data)
    except UsageError as refusal:
        error = refusal
    assert error.hint
    assert len(error.message) < 2_000
    return None


RECORDED = dump_scan(full_scan())
mutations = st.one_of(
    mutated_json(RECORDED.decode()).map(lambda text: text.encode(errors="replace")), mutated_bytes(RECORDED)
)


@pytest.mark.long
@many
@given(mutations)
def test_every_damaged_scan_is_refused_or_reported(data: bytes) -> None:
    with within(60):
        scan = parsed(data)
        if scan is None:
            return
        reported = ReportedScan(scan=scan, earlier=(full_scan(),))
        texts = {name: SCAN.render(reported, name).decode() for name in ("json", "csv", "markdown", "html")}
        texts["table"] = render_scan_table(reported, Screen()).decode()
    for name in ("table", "markdown"):
        for line in texts[name].split("\n"):
            assert line.isprintable(), f"{name}: {line!r}"
    assert json.loads(texts["json"])["schema"] == "powertune/scan/1"
