"""The resource types that the embedded AWS can create."""

from collections.abc import Mapping

from powertune.local.cloudformation.kind import Context, Kind, Made, Properties
from powertune.local.cloudformation.kinds import (
    events,
    iam,
    lambda_,
    lambda_parts,
    logs,
    messaging,
    operations,
    s3,
    stepfunctions,
)


class _Handle:
    """AWS::CloudFormation::WaitConditionHandle: a name, which CDK and others use to have at least one resource."""

    handles: frozenset[str] = frozenset()

    def create(self, context: Context, properties: Properties) -> Made:  # noqa: ARG002 - Kind's
        name = context.name(128)
        return Made(physical_id=name, attributes={"Id": name})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Nothing: nothing was made."""


KINDS: Mapping[str, Kind] = {
    "AWS::CloudFormation::WaitConditionHandle": _Handle(),
    "AWS::CloudWatch::Alarm": operations.Alarm(),
    "AWS::CloudWatch::Dashboard": operations.Dashboard(),
    "AWS::Events::Rule": events.Rule(),
    "AWS::IAM::ManagedPolicy": iam.ManagedPolicy(),
    "AWS::IAM::Policy": iam.Policy(),
    "AWS::IAM::Role": iam.Role(),
    "AWS::KMS::Alias": operations.KeyAlias(),
    "AWS::KMS::Key": operations.Key(),
    "AWS::Lambda::Alias": lambda_parts.LambdaAlias(),
    "AWS::Lambda::EventInvokeConfig": lambda_parts.LambdaEventInvokeConfig(),
    "AWS::Lambda::Function": lambda_.LambdaFunction(),
    "AWS::Lambda::LayerVersion": lambda_parts.LambdaLayerVersion(),
    "AWS::Lambda::Permission": lambda_parts.LambdaPermission(),
    "AWS::Lambda::Version": lambda_parts.LambdaVersion(),
    "AWS::Logs::LogGroup": logs.LogGroup(),
    "AWS::Logs::MetricFilter": logs.MetricFilter(),
    "AWS::S3::Bucket": s3.Bucket(),
    "AWS::S3::BucketPolicy": s3.BucketPolicy(),
    "AWS::SNS::Subscription": messaging.Subscription(),
    "AWS::SNS::Topic": messaging.Topic(),
    "AWS::SNS::TopicPolicy": messaging.TopicPolicy(),
    "AWS::SQS::Queue": messaging.Queue(),
    "AWS::SQS::QueuePolicy": messaging.QueuePolicy(),
    "AWS::SSM::Parameter": operations.SsmParameter(),
    "AWS::Scheduler::Schedule": events.Schedule(),
    "AWS::Scheduler::ScheduleGroup": events.ScheduleGroup(),
    "AWS::StepFunctions::StateMachine": stepfunctions.StateMachine(),
}
"""By name. A type that AWS has and that is not here fails the stack, by name."""
