"""What a stack takes its code and its definition from: objects whose keys are made of their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from powertune.aws.client import Aws
from powertune.aws.stacks.caller import Caller
from powertune.aws.stacks.own_buckets import OwnBucket
from powertune.engine.deployment.bundle import Bundle

#: The parameters of the stack that say where its artifacts are; a stack without them is none of ours.
BUCKET_PARAMETER, CODE_PARAMETER, DEFINITION_PARAMETER = "ArtifactBucket", "CodeKey", "DefinitionKey"
#: The parameter that only the stack of a scheduled scan has.
SCHEDULE_PARAMETER = "ScheduleExpression"
_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """The code and the definition of one deployment, and their keys.

    `home` is the stack below whose name they are kept, which is the stack itself unless it goes with another one.
    `documents` are what else it reads, by the words that their keys begin with.
    """

    stack_name: str
    bundle: Bundle
    definition: bytes
    home: str | None = None
    documents: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def code_key(self) -> str:
        """Where the ZIP file is."""
        return f"{self._prefix}code-{self.bundle.digest[:_DIGITS]}.zip"

    @property
    def definition_key(self) -> str:
        """Where the definition of the state machine is."""
        return self._key("definition", self.definition)

    def document_key(self, word: str) -> str:
        """Where one of the documents is."""
        return self._key(word, self.documents[word])

    def upload(self, bucket: OwnBucket) -> bool:
        """Write what is not there yet; returns whether anything was."""
        parts = {self.definition_key: self.definition}
        parts |= {self.document_key(word): data for word, data in self.documents.items()}
        uploaded = bucket.upload(self.code_key, self.bundle.zipped())
        for key, data in parts.items():
            uploaded = bucket.upload(key, data) or uploaded
        return uploaded

    @property
    def _prefix(self) -> str:
        return artifact_prefix(self.home or self.stack_name)

    def _key(self, word: str, data: bytes) -> str:
        return f"{self._prefix}{word}-{hashlib.sha256(data).hexdigest()[:_DIGITS]}.json"


def artifact_prefix(stack_name: str) -> str:
    """What the keys of all artifacts of a stack begin with."""
    return f"powertune/{stack_name}/"


def default_bucket(aws: Aws, caller: Caller) -> str:
    """The bucket for artifacts, where no other one is named: Lambda takes code only from its own region."""
    return f"powertune-artifacts-{caller.account_id}-{aws.region}"
