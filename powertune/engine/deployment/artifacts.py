"""What a stack takes its code and its definition from: objects whose keys are made of their content."""

import hashlib
from dataclasses import dataclass

from powertune.aws.client import Aws
from powertune.aws.stacks.caller import Caller
from powertune.aws.stacks.own_buckets import OwnBucket
from powertune.engine.deployment.bundle import Bundle

#: The parameters of the stack that say where its artifacts are; a stack without them is none of ours.
BUCKET_PARAMETER, CODE_PARAMETER, DEFINITION_PARAMETER = "ArtifactBucket", "CodeKey", "DefinitionKey"
_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """The code and the definition of one deployment, and their keys."""

    stack_name: str
    bundle: Bundle
    definition: bytes

    @property
    def code_key(self) -> str:
        """Where the ZIP file is."""
        return f"{artifact_prefix(self.stack_name)}code-{self.bundle.digest[:_DIGITS]}.zip"

    @property
    def definition_key(self) -> str:
        """Where the definition of the state machine is."""
        digest = hashlib.sha256(self.definition).hexdigest()
        return f"{artifact_prefix(self.stack_name)}definition-{digest[:_DIGITS]}.json"

    def upload(self, bucket: OwnBucket) -> bool:
        """Write what is not there yet; returns whether anything was."""
        code = bucket.upload(self.code_key, self.bundle.zipped())
        return bucket.upload(self.definition_key, self.definition) or code


def artifact_prefix(stack_name: str) -> str:
    """What the keys of all artifacts of a stack begin with."""
    return f"powertune/{stack_name}/"


def default_bucket(aws: Aws, caller: Caller) -> str:
    """The bucket for artifacts, where no other one is named: Lambda takes code only from its own region."""
    return f"powertune-artifacts-{caller.account_id}-{aws.region}"
