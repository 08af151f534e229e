"""The accounts of an organization, and the regions of an account."""

from dataclasses import replace

import pytest
from fake_organizations import FakeAccountManagement, FakeOrganizations
from fakes import FakeClock, FakeLambda, client_error, fake_aws

from powertune.aws.organization import read_organization
from powertune.aws.regions import DEFAULT_REGIONS, enabled_regions, is_default, known_regions, partition_of
from powertune.config.accounts import ScanAccount
from powertune.errors import AccessDenied, IdentityError, UsageError

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"


def member(account_id: str, **more: str) -> dict[str, str]:
    return {"Id": account_id, "Name": f"name of {account_id}", **more}


def account(account_id: str) -> ScanAccount:
    return ScanAccount(account_id=account_id, name=f"name of {account_id}")


def test_all_pages_are_read_and_accounts_that_cannot_be_used_are_told_apart() -> None:
    fake = FakeOrganizations()
    fake.accounts = [
        member(THREE, State="ACTIVE", Status="ACTIVE"),
        member(TWO, State="PENDING_CLOSURE", Status="PENDING_CLOSURE"),
        member(ONE, Status="ACTIVE"),
        member("444444444444", State="SUSPENDED"),
        member("555555555555", Status="SUSPENDED"),
    ]
    found = read_organization(fake_aws(FakeLambda(), organizations=fake))
    assert found.accounts == (account(ONE), account(THREE))
    assert found.unusable == (
        (account(TWO), "PENDING_CLOSURE"),
        (account("444444444444"), "SUSPENDED"),
        (account("555555555555"), "SUSPENDED"),
    )


def test_who_may_not_list_accounts_hears_who_may() -> None:
    fake = FakeOrganizations()
    fake.error = client_error("AccessDeniedException", "You don't have permissions to access this resource.", 400)
    with pytest.raises(AccessDenied, match="not allowed to call organizations:ListAccounts") as caught:
        read_organization(fake_aws(FakeLambda(), organizations=fake))
    assert caught.value.hint is not None
    assert "management account" in caught.value.hint
    assert "--accounts" in caught.value.hint


def test_an_account_of_its_own_has_no_organization() -> None:
    fake = FakeOrganizations()
    fake.error = client_error("AWSOrganizationsNotInUseException", "Your account is not a member of one.")
    with pytest.raises(UsageError, match=r"^the account is in no organization$") as caught:
        read_organization(fake_aws(FakeLambda(), organizations=fake))
    assert caught.value.hint is not None
    assert "--organization" in caught.value.hint


def test_enabled_regions_are_those_that_are_on_all_pages() -> None:
    fake = FakeAccountManagement(
        {
            "us-east-1": "ENABLED_BY_DEFAULT",
            "af-south-1": "ENABLED",
            "me-south-1": "DISABLED",
            "eu-south-1": "ENABLING",
            "il-central-1": "DISABLING",
            "xx-newest-1": "ENABLED",
        }
    )
    found = enabled_regions(fake_aws(FakeLambda(), account=fake))
    assert found.names == ("af-south-1", "us-east-1", "xx-newest-1")
    assert (found.unknown, fake.calls) == ("", 2)


def test_without_permission_the_regions_that_every_account_has_are_taken_and_it_is_said() -> None:
    fake = FakeAccountManagement({})
    fake.error = client_error("AccessDeniedException", "no identity-based policy allows it", 403)
    found = enabled_regions(fake_aws(FakeLambda(), account=fake))
    assert found.names == DEFAULT_REGIONS
    assert found.action == "account:ListRegions"
    assert found.unknown == "not allowed to call account:ListRegions: no identity-based policy allows it"


def test_a_service_that_does_not_answer_as_it_should_is_no_reason_to_scan_nothing() -> None:
    fake = FakeAccountManagement({})
    fake.error = client_error("ValidationException", "unsupported")
    found = enabled_regions(fake_aws(FakeLambda(), account=fake))
    assert (found.names, found.action) == (DEFAULT_REGIONS, "")
    assert found.unknown == "account:ListRegions: unsupported"


def test_nobody_waits_long_for_a_service_that_fails() -> None:
    fake, clock = FakeAccountManagement({}), FakeClock()
    fake.error = client_error("NotImplementedException", "there is none", 501)
    found = enabled_regions(fake_aws(FakeLambda(), clock=clock, account=fake))
    assert (found.names, fake.calls) == (DEFAULT_REGIONS, 3)
    assert found.unknown == "account:ListRegions failed: there is none"
    assert sum(clock.slept) < 1


def test_credentials_that_are_not_accepted_are_no_missing_permission() -> None:
    fake = FakeAccountManagement({})
    fake.error = client_error("UnrecognizedClientException", "The security token is invalid", 403)
    with pytest.raises(IdentityError):
        enabled_regions(fake_aws(FakeLambda(), account=fake))


@pytest.mark.parametrize(
    ("region", "names"),
    [("cn-north-1", ("cn-north-1", "cn-northwest-1")), ("us-gov-west-1", ("us-gov-east-1", "us-gov-west-1"))],
)
def test_partitions_without_opt_in_regions_are_not_asked(region: str, names: tuple[str, ...]) -> None:
    fake = FakeAccountManagement({})
    aws = replace(fake_aws(FakeLambda(), account=fake), region=region)
    assert enabled_regions(aws).names == names
    assert fake.calls == 0


def test_default_regions_are_those_that_boto3_knows_and_nobody_opts_in_to() -> None:
    assert set(DEFAULT_REGIONS) < set(known_regions())
    assert len(DEFAULT_REGIONS) == 17
    assert is_default("us-east-1")
    assert is_default("cn-north-1")
    assert not is_default("af-south-1")
    assert not is_default("xx-newest-1")
    assert [partition_of(each) for each in ("eu-central-2", "us-gov-east-1", "xx-newest-1")] == [
        *("aws", "aws-us-gov", "aws"),
    ]
