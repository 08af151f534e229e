"""Functions of one region share a connection, and code in folders an embedded AWS."""

from pathlib import Path
from typing import Any

import pytest

from powertune.aws.identity import ConnectionOptions
from powertune.cli.many.sites import EmbeddedSites, open_sites
from powertune.errors import IdentityError, UsageError

ARN = "arn:aws:lambda:{}:123456789012:function:{}"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has keys and a region, and no configuration file."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-west-2",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)


def test_a_region_has_one_connection_and_so_one_limit_of_calls() -> None:
    targets = [
        "a",
        ARN.format("eu-west-1", "b"),
        "c:live",
        ARN.format("us-west-2", "d"),
        ARN.format("eu-west-1", "e"),
    ]
    with open_sites(targets, ConnectionOptions(), quiet=True) as sites:
        found = [sites.site(target) for target in targets]
    regions = [each.connection.region for each in found]
    assert regions == ["us-west-2", "eu-west-1", "us-west-2", "us-west-2", "eu-west-1"]
    assert len({id(each.connection) for each in found}) == 2
    limiters = {id(each.connection.aws().limiter) for each in found}
    assert len(limiters) == 2
    assert found[4].restore_command == f"powertune restore {ARN.format('eu-west-1', 'e')} --region eu-west-1"
    assert str(found[2].ref) == "c:live"


def test_the_option_is_for_functions_whose_names_tell_no_region() -> None:
    targets = ["a", ARN.format("eu-west-1", "b")]
    with open_sites(targets, ConnectionOptions(region="ap-south-1"), quiet=True) as sites:
        assert [sites.site(target).connection.region for target in targets] == ["ap-south-1", "eu-west-1"]


def test_where_all_are_arns_no_other_region_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with open_sites([ARN.format("eu-west-1", "b")], ConnectionOptions(), quiet=True) as sites:
        assert sites.site(ARN.format("eu-west-1", "b")).connection.region == "eu-west-1"
    with pytest.raises(IdentityError, match="no AWS region"), open_sites(["a"], ConnectionOptions(), quiet=True):
        pass


class FakeServed:
    """An embedded AWS that notes what is deployed on it."""

    class connection:  # noqa: N801 - as ServedAws calls it
        place = ConnectionOptions(region="us-east-1")

    def __init__(self) -> None:
        self.deployed: list[tuple[str, str]] = []
        self.role_arn = "arn:aws:iam::123456789012:role/r"
        self.variables: dict[str, str] = {}

    def deploy(self, deployment: Any) -> None:
        self.deployed.append((deployment.name, deployment.handler))


def test_every_handler_is_a_function_of_its_own_and_a_folder_is_set_up_once(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.py").write_text("def one(event, context): ...\ndef two(event, context): ...\n")
    (tmp_path / "code/setup.py").write_text("import pathlib; pathlib.Path('ran').open('a').write('x')\n")
    (tmp_path / "code/powertune.toml").write_text('[local]\nsetup = "setup.py"\n')
    (tmp_path / "other/code").mkdir(parents=True)
    (tmp_path / "other/code/app.py").write_text("def handler(event, context): ...\n")
    served: Any = FakeServed()
    sites = EmbeddedSites(served=served, quiet=True)
    targets = [f"{tmp_path}/code/app.py:one", f"{tmp_path}/code/app.py:two", f"{tmp_path}/other/code"]
    found = [sites.site(target) for target in targets]
    assert [each.ref.name for each in found] == ["code", "code-2", "code-3"]
    assert served.deployed == [("code", "app.one"), ("code-2", "app.two"), ("code-3", "app.handler")]
    assert all(each.embedded for each in found)
    assert (tmp_path / "code/ran").read_text() == "x"
    # Again, as after a failure: it is the same function.
    assert sites.site(targets[1]).ref.name == "code-2"
    (tmp_path / "code/app.py").unlink()
    with pytest.raises(UsageError, match="there is no file"):
        sites.site(targets[0])
