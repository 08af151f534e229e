"""Settings travel to the server process."""

import pytest

from powertune.errors import UsageError
from powertune.local.settings import Settings


def test_settings_travel() -> None:
    settings = Settings(region="us-gov-west-1", seed=3)
    assert Settings.from_json(settings.to_json()) == settings
    assert settings.role_arn.startswith("arn:aws-us-gov:iam::123456789012:role/")
    assert Settings().partition == "aws"
    assert Settings(region="cn-north-1").partition == "aws-cn"
    for text, words in (("{", "are not JSON"), ("[]", "unknown setting"), ('{"speed": 1}', "unknown setting")):
        with pytest.raises(UsageError, match=words):
            Settings.from_json(text)
