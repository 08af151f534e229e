"""A configuration file is the word of whoever wrote the folder."""

from pathlib import Path
from typing import Any

import pytest

from powertune.config import RunOptions, load_local, load_run
from powertune.config.from_file import Foreign, FromFile, foreign_settings
from powertune.errors import UsageError

MINE, OTHER = "123456789012", "999999999999"
PROCESSOR = f"arn:aws:lambda:us-east-1:{OTHER}:function:collect"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository that was cloned, beside what is none of its business."""
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "event.json").write_text("{}")
    (folder / "link.json").symlink_to("../secret.json")
    (folder / "inner").mkdir()
    (folder / "inner" / "back.json").symlink_to("../event.json")
    (folder / "circle").symlink_to("circle")
    return folder


def load(folder: Path, text: str, environment: dict[str, str] | None = None, **options: Any) -> RunOptions:
    (folder / "powertune.toml").write_text(text)

    def read(source: str, base: Path) -> bytes:
        assert source.startswith("@"), "everything else is not read from a file"
        return (base / source[1:]).read_bytes()

    return load_run(folder, environment or {}, options, read)


@pytest.mark.parametrize("name", ["event.json", "./inner/../event.json", "inner/back.json"])
def test_a_payload_of_the_folder_is_read(name: str, folder: Path) -> None:
    assert load(folder, f'[run]\npayload = "@{name}"').workload.payloads[0].body == b"{}"


@pytest.mark.parametrize("key", ["payload", "prices", "results_folder"])
@pytest.mark.parametrize("name", ["../secret.json", "inner/../../secret.json", "link.json", "ABSOLUTE"])
def test_a_path_in_the_file_that_leads_out_of_the_folder_is_refused(key: str, name: str, folder: Path) -> None:
    name = str(folder.parent / "secret.json") if name == "ABSOLUTE" else name
    at = "@" if key == "payload" else ""
    with pytest.raises(UsageError, match="leads out of the folder") as caught:
        load(folder, f'[run]\n{key} = "{at}{name}"')
    assert "powertune.toml" in caught.value.message
    assert caught.value.hint is not None
    assert "command line" in caught.value.hint


@pytest.mark.parametrize("name", ["circle", "x\\u0000y"])
def test_what_is_no_path_is_an_error_of_ours(name: str, folder: Path) -> None:
    with pytest.raises(UsageError):
        load(folder, f'[run]\npayload = "@{name}"')


@pytest.mark.parametrize("name", ["../setup.py", "link.json", "/bin/true"])
def test_a_set_up_script_outside_of_the_folder_is_refused(name: str, folder: Path) -> None:
    (folder / "powertune.toml").write_text(f'[local]\nsetup = "{name}"')
    with pytest.raises(UsageError, match="leads out of the folder"):
        load_local(folder)


def test_the_usual_payload_of_a_folder_stays_in_it_too(folder: Path) -> None:
    with pytest.raises(UsageError, match="leads out of the folder"):
        load_run(folder, {}, {}, lambda text, base: b"{}", usual_payload="@link.json")


def test_paths_of_the_command_line_and_the_environment_are_the_persons_own_word(folder: Path) -> None:
    path = f"@{folder.parent}/secret.json"
    assert load(folder, '[run]\npayload = "@../x"', payload=path).workload.payloads[0].body == b'{"secret": 1}'
    assert load(folder, '[run]\npayload = "@../x"', {"POWERTUNE_PAYLOAD": path}).from_file is None


def test_what_the_file_sets_is_known_and_what_others_have_said_is_not_of_the_file(folder: Path) -> None:
    text = '[run]\nmemory = [128, 256]\nlanes = 2\npost_processor = "x"\nmax_spend = 5\npayload = "@event.json"\n'
    told = load(folder, text, {"POWERTUNE_LANES": "3"}, post_processor="y").from_file
    assert told == FromFile(
        file=folder / "powertune.toml",
        settings=(("memory", "[128, 256]"), ("max_spend", "5"), ("payload", "@event.json")),
    )
    assert load_run(folder.parent, {}, {}, lambda text, base: b"{}").from_file is None


def ecr(account: str) -> str:
    return f"{account}.dkr.ecr.eu-west-1.amazonaws.com/team/app:1"


@pytest.mark.parametrize(
    ("key", "value", "account"),
    [
        ("pre_processor", PROCESSOR, OTHER),
        ("post_processor", f"{OTHER}:function:collect", OTHER),
        ("pre_processor", f"arn:aws:lambda:us-east-1:{MINE}:function:collect", MINE),
        ("pre_processor", "collect", MINE),
        ("image_uri_arm64", ecr(OTHER), OTHER),
        ("image_uri_x86_64", ecr(MINE), MINE),
        ("image_uri_arm64", f"{MINE}.dkr.ecr-fips.us-east-1.amazonaws.com/app", MINE),
        ("image_uri_arm64", f"{MINE}.dkr.ecr.cn-north-1.amazonaws.com.cn/app@sha256:00", MINE),
        ("image_uri_arm64", f"{MINE}.dkr-ecr.us-east-1.on.aws/app", MINE),
        ("image_uri_arm64", "public.ecr.aws/evil/app:1", None),
        ("image_uri_arm64", f"{MINE}.dkr.ecr.us-east-1.amazonaws.com.evil.example/app", None),
        ("image_uri_arm64", f"evil.example/{ecr(MINE)}", None),
    ],
)
def test_what_leads_to_another_account_is_found(key: str, value: str, account: str | None, folder: Path) -> None:
    told = load(folder, f'[run]\n{key} = "{value}"').from_file
    assert told is not None
    expected = () if account == MINE else (Foreign(key=key, value=value, account=account),)
    assert foreign_settings(told, MINE) == expected
