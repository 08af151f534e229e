"""Damaged files of a scan: each gives what it says, or an error of ours with a next step, and soon."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from fake_places import scanned_place
from hypothesis import given
from hypothesis import strategies as st
from mutations import many, mutated_bytes, mutated_json, within
from scanned import PLACE

from powertune.config.accounts import ScanAccount, read_accounts
from powertune.config.region_option import ALL_REGIONS
from powertune.errors import UsageError
from powertune.scan.coverage import Gap, ScanEffort
from powertune.scan.evidence import FunctionLogGroup
from powertune.scan.place_document import read_scanned_place, write_scanned_place

SECONDS = 20
T = TypeVar("T")
ACCOUNTS = """\
vars: {owner: platform}
accounts:
- &first
  account_id: '012345670123'
  name: "account-1"
  regions: [us-east-1, eu-west-1]
  role: arn:aws:iam::012345670123:role/scan
  external_id: abc-123
  tags: ["type:prod"]
- <<: *first
  account_id: 123456789012
  regions: [all]
  role: [hub, path/scan]
- account_id: "555555555555"
"""
JSON_ACCOUNTS = '{"accounts": [{"account_id": "012345670123", "name": "a", "regions": ["us-east-1"], "role": ["x"]}]}'


def value_or_error(parse: Callable[[], T]) -> T | None:
    with within(SECONDS):
        try:
            return parse()
        except UsageError as refusal:
            error = refusal
    assert error.hint
    assert len(error.message) < 2_000
    return None


@pytest.mark.long
@many
@given(st.one_of(mutated_bytes(ACCOUNTS.encode()), mutated_json(JSON_ACCOUNTS).map(str.encode)))
def test_damaged_accounts_files(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "accounts.yml"
    path.write_bytes(data)
    accounts: tuple[ScanAccount, ...] = value_or_error(lambda: read_accounts(path)) or ()
    assert len({each.account_id for each in accounts}) == len(accounts)
    for account in accounts:
        assert re.fullmatch(r"[0-9]{12}", account.account_id)
        assert account.name.isprintable()
        assert all(re.fullmatch(r"[\w+=,.@:/-]+", role, re.ASCII) for role in account.roles)
        if account.regions not in (None, ALL_REGIONS):
            assert account.regions
            assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+-[0-9]{1,2}", region) for region in account.regions)


def place_file() -> bytes:
    place = scanned_place(
        PLACE,
        gaps=(Gap(place=PLACE, what="triggers", reason="denied", subjects=("fn",)),),
        effort=ScanEffort(calls=(("lambda.list_functions", 1),), metrics=4, usd=0.00004),
    )
    group = FunctionLogGroup(name="/aws/lambda/orders", stored_bytes=10, retention_days=None)
    return write_scanned_place(
        replace(place, evidence=replace(place.evidence, log_groups={group.name: group})), ("x",)
    )


@pytest.mark.long
@many
@given(st.one_of(mutated_bytes(place_file()), mutated_json(place_file().decode()).map(str.encode)))
def test_damaged_places(data: bytes) -> None:
    found = value_or_error(lambda: read_scanned_place(data, lambda region: None))
    if found is not None:
        scanned, asked = found
        # What is taken can be kept again, and means the same.
        assert read_scanned_place(write_scanned_place(scanned, asked), lambda region: None) == found
