"""The accounts of a scan, in Cloud Custodian's format: what is understood, and where what is wrong is."""

from pathlib import Path

import pytest

from powertune.config.accounts import ScanAccount, parse_accounts, read_accounts
from powertune.config.region_option import ALL_REGIONS, parse_regions
from powertune.errors import UsageError

KNOWN = ("us-east-1", "us-west-2", "eu-west-1", "af-south-1")
#: As c7n-org's own generator writes it, from its documentation.
FILE = """\
vars:
  owner: platform
accounts:
- account_id: '123123123123'
  name: account-1
  email: one@example.com
  display_name: The first
  org_id: o-abc
  regions:
  - us-east-1
  - us-west-2
  role: arn:aws:iam::123123123123:role/CloudCustodian
  vars:
    charge_code: xyz
    nested: {anything: [1, 2]}
  tags:
  - type:prod
  - path:/prod
- account_id: "000000000042"
  name: account-2
  regions: [all]
  role:
  - arn:aws:iam::999999999999:role/hub
  - audit/powertune-scan
  external_id: 6cd1c7e7-5d6e
- account_id: 555555555555
"""


def test_a_file_of_cloud_custodian_is_understood() -> None:
    assert parse_accounts(FILE, "accounts.yml", KNOWN) == (
        ScanAccount(
            account_id="123123123123",
            name="account-1",
            regions=("us-east-1", "us-west-2"),
            roles=("arn:aws:iam::123123123123:role/CloudCustodian",),
        ),
        ScanAccount(
            account_id="000000000042",
            name="account-2",
            regions=ALL_REGIONS,
            roles=("arn:aws:iam::999999999999:role/hub", "audit/powertune-scan"),
            external_id="6cd1c7e7-5d6e",
        ),
        ScanAccount(account_id="555555555555"),
    )


@pytest.mark.parametrize(
    "written",
    # To YAML 1.1, the first one is an octal number.
    ["012345670123", "'012345670123'", '"012345670123"', "!!str 012345670123"],
)
def test_leading_zeros_are_kept_with_and_without_quotes(written: str) -> None:
    (account,) = parse_accounts(f"accounts:\n- account_id: {written}\n", "a")
    assert account.account_id == "012345670123"


def test_json_is_understood_too() -> None:
    assert parse_accounts('{"accounts": [{"account_id": "123456789012", "regions": []}]}', "a") == (
        ScanAccount(account_id="123456789012"),
    )


def test_anchors_and_merged_mappings_are_understood_and_give_way() -> None:
    text = """\
accounts:
- &first
  account_id: "111111111111"
  role: powertune-scan
  regions: &regions [us-east-1]
- <<: *first
  account_id: "222222222222"
- account_id: "333333333333"
  regions: *regions
"""
    assert parse_accounts(text, "a") == (
        ScanAccount(account_id="111111111111", roles=("powertune-scan",), regions=("us-east-1",)),
        ScanAccount(account_id="222222222222", roles=("powertune-scan",), regions=("us-east-1",)),
        ScanAccount(account_id="333333333333", regions=("us-east-1",)),
    )


def one(*lines: str) -> str:
    return "accounts:\n- account_id: '123456789012'\n" + "".join(f"  {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "a.yml is empty", "for example accounts"),
        ("# only a comment\n", "a.yml is empty", "for example"),
        ("accounts: []\n", "a.yml, line 1: 'accounts' is empty", "for example"),
        ("accounts:\n", "a.yml, line 1: accounts is not a list", "for example"),
        ("accounts: {}\n", "a.yml, line 1: accounts is not a list", "for example"),
        ("[1]\n", "a.yml, line 1: the file is not a mapping", "for example"),
        ("vars: {}\n", "a.yml, line 1: 'accounts' is missing", "for example"),
        ("accunts: []\n", "a.yml, line 1: unknown key 'accunts'", "did you mean accounts?"),
        ("subscriptions: []\n", "a.yml, line 1: 'subscriptions' are not AWS accounts", "below `accounts:`"),
        ("accounts:\n- one\n", "a.yml, line 2: an account is not a mapping", "for example"),
        ("accounts:\n- name: x\n", "a.yml, line 2: 'account_id' is missing", "write account_id"),
        ("accounts:\n- account_id:\n", "a.yml, line 2: account_id is not text", "quotes"),
        ("accounts:\n- account_id: [1]\n", "a.yml, line 2: account_id is not text", "quotes"),
        (
            "accounts:\n- account_id: 12345670123\n",
            "a.yml, line 2: account_id '12345670123' does not have 12 digits",
            "leading zeros may be lost; put the id in quotes",
        ),
        (
            "accounts:\n- account_id: 1.23e+11\n",
            "a.yml, line 2: account_id '1.23e+11' does not have 12 digits",
            'for example "123456789012"',
        ),
        (
            "accounts:\n- account_id: 123_456_789_012\n",
            "a.yml, line 2: account_id '123_456_789_012' does not have 12 digits",
            "for example",
        ),
        (
            "accounts:\n- account_id: '١٢٣٤٥٦٧٨٩٠١٢'\n",
            "a.yml, line 2: account_id '١٢٣٤٥٦٧٨٩٠١٢' does not have 12 digits",
            "for example",
        ),
        (
            "accounts:\n- account_id: '123456789012'\n- account_id: 123456789012\n",
            "a.yml, line 3: account 123456789012 is on line 2 already",
            "list it once",
        ),
        (one("account_id: 1"), "a.yml, line 3: 'account_id' occurs twice", "write it once"),
        (one("rôle: x"), "a.yml, line 3: unknown key 'rôle'", "did you mean role?"),
        (one("profile: prod"), "a.yml, line 3: an account cannot be reached by a profile", "write the `role`"),
        (one("role: []"), "a.yml, line 3: 0 roles", "name one to 5"),
        (one("role: [a, b, c, d, e, f]"), "a.yml, line 3: 6 roles", "name one to 5"),
        (one("role:", "- fine", "- 'not fine'"), "a.yml, line 5: role 'not fine' is neither an ARN", "for example"),
        (one("role: arn:aws:iam::1:role/x"), "a.yml, line 3: role 'arn:aws:iam::1:role/x' is neither", "for example"),
        (one("role: arn:aws:iam::123456789012:user/x"), "a.yml, line 3: role", "for example arn"),
        (one("external_id: 'a b'"), "a.yml, line 3: external_id is not one", "2 to 1,224"),
        (one('name: "a\\eb"'), "a.yml, line 3: name 'a\\x1bb' holds control characters", "without"),
        (one("regions: us-east-1"), "a.yml, line 3: regions is not a list", "for example"),
        (one("regions: [us-est-1]"), "a.yml, line 3: regions: 'us-est-1' is not a region of AWS", "mean us-east-1?"),
        (one("regions: [us-east-1, us-east-1]"), "a.yml, line 3: regions names us-east-1 twice", "once"),
        (one("regions: [[us-east-1]]"), "a.yml, line 3: a region is not text", "quotes"),
        (one("regions: [us-east-1"), "a.yml, line 4 is not YAML: did not find expected", "for example"),
        ("accounts: *nowhere\n", "a.yml, line 1 is not YAML: found undefined alias", "for example"),
        ("- &a\n  <<: *a\n", "a.yml, line 1: the file is not a mapping", "for example"),
        ("accounts:\n- &a\n  <<: *a\n", "a.yml, line 3: a mapping that is merged merges another", "write it out"),
        ("accounts:\n- <<: 1\n", "a.yml, line 2: what is merged is not a mapping", "for example"),
        ("a: 1\n---\nb: 2\n", "is not YAML: but found another document", "for example"),
        ("\0", "is not YAML: unacceptable character", "for example"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_accounts(text, "a.yml", KNOWN)
    assert message in caught.value.message
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_an_external_id_is_not_repeated_in_a_message() -> None:
    with pytest.raises(UsageError) as caught:
        parse_accounts(one("external_id: 'pass word'"), "a.yml")
    assert "pass" not in caught.value.message


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "a: {" * 100_000], ids=["flow", "block", "mappings"])
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not YAML|nested too deeply"):
        parse_accounts(text, "a.yml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no accounts file"):
        read_accounts(tmp_path / "missing.yml")
    with pytest.raises(UsageError, match="Is a directory"):
        read_accounts(tmp_path)
    (tmp_path / "latin.yml").write_bytes("accounts: é".encode("latin-1"))
    with pytest.raises(UsageError, match="can't decode"):
        read_accounts(tmp_path / "latin.yml")
    (tmp_path / "huge.yml").write_bytes(b"#" * 10_000_001)
    with pytest.raises(UsageError, match="10,000,001 bytes are too many"):
        read_accounts(tmp_path / "huge.yml")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "accounts.yml"
    path.write_text(FILE)
    assert read_accounts(path, KNOWN) == parse_accounts(FILE, str(path), KNOWN)


@pytest.mark.parametrize(
    ("given", "regions"),
    [
        ("us-east-1", ("us-east-1",)),
        (" eu-west-1 , us-east-1", ("eu-west-1", "us-east-1")),
        (["us-east-1", "af-south-1"], ("us-east-1", "af-south-1")),
        ("all", ALL_REGIONS),
        (["all"], ALL_REGIONS),
    ],
)
def test_regions_stay_in_their_order(given: object, regions: tuple[str, ...]) -> None:
    assert parse_regions("--regions", given, KNOWN) == regions


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("", "--regions names no region", "for example"),
        ([], "--regions names no region", "for example"),
        (7, "--regions 7 is not a list of regions", "for example"),
        ([1], r"--regions \[1\] is not a list of regions", "for example"),
        ("us-east-1,", "--regions: '' is not a region of AWS", "for example"),
        ("US-EAST-1", "--regions: 'US-EAST-1' is not a region of AWS", "did you mean us-east-1?"),
        ("us-east-11", "--regions: 'us-east-11' is not a region of AWS", "did you mean us-east-1?"),
        ("us-east-1a", "--regions: 'us-east-1a' is not a region of AWS", "did you mean us-east-1?"),
        ("all,us-east-1", "--regions names 'all' beside other regions", "either"),
        ("us-east-1,us-east-1", "--regions names us-east-1 twice", "once"),
        ("../../etc", "is not a region of AWS", "for example"),
    ],
)
def test_what_is_no_region_is_refused(given: object, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_regions("--regions", given, KNOWN)
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_without_a_list_of_all_regions_each_that_looks_like_one_is_taken() -> None:
    assert parse_regions("regions", "xx-newest-1,us-gov-west-1,eusc-de-east-1") == (
        *("xx-newest-1", "us-gov-west-1", "eusc-de-east-1"),
    )
    with pytest.raises(UsageError, match="is not a region"):
        parse_regions("regions", "us-east-1/../x")
