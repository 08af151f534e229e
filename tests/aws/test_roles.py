"""Roles of other accounts: how they are assumed, who signs, and what happens when they end."""

from collections.abc import Iterator

import pytest
from fake_sts import FakeSts, running_sts

from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.reaching import AwsAccounts, RoleOptions
from powertune.aws.roles import AssumedRole, RoleChain, assume, role_arn
from powertune.config.accounts import ScanAccount
from powertune.errors import AccessDenied, IdentityError, UsageError

OWN, OTHER = "111111111111", "222222222222"
HUB, SCAN = f"arn:aws:iam::{OWN}:role/hub", f"arn:aws:iam::{OTHER}:role/powertune-scan"
BASE = "AKBASE"


@pytest.fixture
def sts() -> Iterator[FakeSts]:
    with running_sts() as fake:
        fake.trusted = {SCAN: {BASE}, HUB: {BASE}}
        yield fake


@pytest.fixture
def base(sts: FakeSts) -> Iterator[Connection]:
    place = ConnectionOptions(region="eu-west-1", endpoint_url=sts.endpoint, access_key=BASE, secret_key="x")
    with connect(place) as connection:
        yield connection


def call(connection: Connection) -> None:
    aws = connection.aws()
    aws.call(aws.clients.sts.get_caller_identity)


def test_a_role_is_assumed_for_an_hour_and_signs_in_the_region_that_is_asked_for(
    sts: FakeSts, base: Connection
) -> None:
    with assume(base, SCAN, "af-south-1") as there:
        call(there)
    assert there.region == "af-south-1"
    assert sts.asked[0] == (
        BASE,
        "eu-west-1",
        {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": SCAN,
            "RoleSessionName": "powertune",
            "DurationSeconds": "3600",
        },
    )
    assert sts.asked[1][:2] == ("KEY-powertune-scan-1", "af-south-1")


def test_an_external_id_and_session_tags_are_told_to_every_role_of_a_chain(sts: FakeSts, base: Connection) -> None:
    sts.external_ids = {HUB: "secret", SCAN: "secret"}
    sts.trusted[SCAN] = {"KEY-hub-1"}
    chain = RoleChain(arns=(HUB, SCAN), external_id="secret", tags=(("team", "cost"),), session_name="weekly")
    with AssumedRole(base, chain).connection("us-east-1") as there:
        call(there)
    assert sts.signers == [BASE, "KEY-hub-1", "KEY-powertune-scan-2"]
    for _, _, asked in sts.asked[:2]:
        assert asked["ExternalId"] == "secret"
        assert asked["RoleSessionName"] == "weekly"
        assert (asked["Tags.member.1.Key"], asked["Tags.member.1.Value"]) == ("team", "cost")


def test_sessions_share_what_botocore_has_read_of_its_models(base: Connection) -> None:
    """Else each account in each region would take a tenth of a second of computing before the first call."""
    loaders = set()
    for region in ("us-east-1", "eu-west-1", "sa-east-1"):
        with base.in_region(region) as there:
            loader = there.session._session.get_component("data_loader")
            loaders.add(loader)
            assert len(loader.search_paths) == len(set(loader.search_paths))
    assert loaders == {base.session._session.get_component("data_loader")}


def test_credentials_are_renewed_along_the_whole_chain_before_they_end(sts: FakeSts, base: Connection) -> None:
    sts.trusted[SCAN] = {"KEY-hub-1", "KEY-hub-3"}
    sts.lifetimes_s = [3600, 300]
    role = AssumedRole(base, RoleChain(arns=(HUB, SCAN)))
    with role.connection("us-east-1") as first, role.connection("us-west-2") as second:
        call(first)
        call(second)
    # Five minutes are too few to go on with; an hour is enough for both regions.
    assert sts.signers == [BASE, "KEY-hub-1", BASE, "KEY-hub-3", "KEY-powertune-scan-4", "KEY-powertune-scan-4"]


def test_a_session_of_a_quarter_of_an_hour_is_not_renewed_at_each_call(sts: FakeSts, base: Connection) -> None:
    sts.lifetimes_s = [900]
    with AssumedRole(base, RoleChain(arns=(SCAN,), duration_s=900)).connection("us-east-1") as there:
        call(there)
        call(there)
    assert sts.signers == [BASE, "KEY-powertune-scan-1", "KEY-powertune-scan-1"]


@pytest.mark.parametrize("arn", [SCAN, f"arn:aws:iam::{OTHER}:role/missing"], ids=["not trusted", "does not exist"])
def test_a_role_that_cannot_be_assumed_is_named(sts: FakeSts, base: Connection, arn: str) -> None:
    sts.trusted = {SCAN: {"somebody else"}}
    with pytest.raises(AccessDenied, match=f"cannot assume {arn}: not allowed to call sts:AssumeRole") as caught:
        assume(base, arn, "us-east-1")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("the role must exist, trust this identity")


def test_a_session_that_expires_in_the_middle_and_cannot_be_renewed_is_an_error_of_that_call(
    sts: FakeSts, base: Connection
) -> None:
    sts.lifetimes_s = [300]
    with assume(base, SCAN, "us-east-1") as there:
        sts.refused[BASE] = "ExpiredToken"
        with pytest.raises(IdentityError, match="does not accept the credentials"):
            call(there)


def test_trust_that_is_withdrawn_in_the_middle_is_an_error_of_that_call(sts: FakeSts, base: Connection) -> None:
    sts.lifetimes_s = [300]
    with assume(base, SCAN, "us-east-1") as there:
        sts.trusted = {}
        with pytest.raises(AccessDenied, match="cannot assume"):
            call(there)


def test_nobody_else_ever_signs_for_a_role_that_is_refused(sts: FakeSts, base: Connection) -> None:
    """As in a region that the account has not enabled."""
    sts.refused["KEY-powertune-scan-1"] = "InvalidClientTokenId"
    with assume(base, SCAN, "ap-east-1") as there, pytest.raises(IdentityError):
        call(there)
    assert sts.signers == [BASE, "KEY-powertune-scan-1"]


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("us-east-1", "https://sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_opt_in_regions_get_tokens_that_they_accept_whatever_is_configured(
    monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with connect(ConnectionOptions(region=region, access_key=BASE, secret_key="x")) as connection:
        assert connection.aws().clients.sts.meta.endpoint_url == endpoint


@pytest.mark.parametrize(
    ("role", "arn"),
    [
        ("powertune-scan", f"arn:aws-cn:iam::{OTHER}:role/powertune-scan"),
        ("audit/powertune-scan", f"arn:aws-cn:iam::{OTHER}:role/audit/powertune-scan"),
        (HUB, HUB),
    ],
)
def test_the_name_of_a_role_means_one_in_the_account_and_its_partition(role: str, arn: str) -> None:
    assert role_arn(role, OTHER, "aws-cn") == arn


def test_the_own_account_is_entered_as_oneself_in_every_region(sts: FakeSts, base: Connection) -> None:
    way_in = AwsAccounts(base, RoleOptions())
    assert (way_in.own_id, way_in.region, way_in.partition) == (OWN, "eu-west-1", "aws")
    with way_in.enter(ScanAccount(account_id=OWN)).connection("us-west-2") as there:
        call(there)
    assert [(key, region) for key, region, _ in sts.asked] == [(BASE, "eu-west-1"), (BASE, "us-west-2")]


def test_another_account_is_entered_once_for_all_of_its_regions(sts: FakeSts, base: Connection) -> None:
    sts.external_ids[SCAN] = "ours"
    way_in = AwsAccounts(base, RoleOptions(external_id="ours"))
    account = ScanAccount(account_id=OTHER)
    for region in ("us-west-2", "us-east-1"):
        with way_in.enter(account).connection(region) as there:
            call(there)
    assert [asked["Action"] for _, _, asked in sts.asked] == [
        *("GetCallerIdentity", "AssumeRole", "GetCallerIdentity", "GetCallerIdentity"),
    ]
    assert sts.asked[1][2]["RoleArn"] == SCAN


def test_an_account_that_lets_nobody_in_is_asked_once(sts: FakeSts, base: Connection) -> None:
    way_in = AwsAccounts(base, RoleOptions(role="missing"))
    for _ in range(2):
        with pytest.raises(AccessDenied, match=f"cannot assume arn:aws:iam::{OTHER}:role/missing"):
            way_in.enter(ScanAccount(account_id=OTHER))
    assert len(sts.asked) == 2  # who we are, and the role


def test_the_role_of_another_account_is_not_taken_for_one_of_this(sts: FakeSts, base: Connection) -> None:
    way_in = AwsAccounts(base, RoleOptions())
    account = ScanAccount(account_id=OTHER, roles=("arn:aws:iam::999999999999:role/copied",))
    with pytest.raises(UsageError, match=f"role/copied is not a role of account {OTHER}"):
        way_in.enter(account)


def test_the_roles_and_the_external_id_of_the_accounts_file_are_used_in_its_order(
    sts: FakeSts, base: Connection
) -> None:
    sts.external_ids = {HUB: "theirs", SCAN: "theirs"}
    sts.trusted[SCAN] = {"KEY-hub-1"}
    account = ScanAccount(account_id=OTHER, roles=(HUB, "powertune-scan"), external_id="theirs")
    AwsAccounts(base, RoleOptions(role="unused", external_id="ours")).enter(account)
    assert [asked["RoleArn"] for _, _, asked in sts.asked] == [HUB, SCAN]
