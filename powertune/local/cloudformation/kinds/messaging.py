"""AWS::SNS::Topic, Subscription and TopicPolicy; AWS::SQS::Queue and QueuePolicy."""

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from powertune.local.cloudformation.kind import Context, Made, Properties, changed_tags, document
from powertune.local.cloudformation.parameters import text_of


def _attribute(value: Any) -> str:
    return document(value) if isinstance(value, dict) else text_of(value)


class Topic:
    """AWS::SNS::Topic."""

    _ATTRIBUTES = ("ContentBasedDeduplication", "DisplayName", "FifoTopic", "KmsMasterKeyId", "SignatureVersion",
                   "TracingConfig")  # fmt: skip
    handles = frozenset({"Subscription", "Tags", "TopicName", *_ATTRIBUTES})

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateTopic, and its subscriptions."""
        client = context.client("sns")
        suffix = ".fifo" if properties.get("FifoTopic") else ""
        name = properties.get("TopicName") or context.name(256 - len(suffix)) + suffix
        arn = client.create_topic(
            Name=name,
            Attributes={key: _attribute(properties[key]) for key in self._ATTRIBUTES if key in properties},
            Tags=context.tag_list(properties, system=False),
        )["TopicArn"]
        made = Made(physical_id=arn, attributes={"TopicArn": arn, "TopicName": name})
        context.started(made)
        self._subscribe(client, arn, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """What of the topic differs."""
        client, arn = context.client("sns"), made.physical_id
        for key in self._ATTRIBUTES:
            if new.get(key) != old.get(key):
                value = _attribute(new.get(key, ""))
                client.set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=value)
        self._subscribe(client, arn, old, new)
        tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceArn=arn)["Tags"]}
        added, removed = changed_tags(tags, context.tags(new, system=False))
        if added:
            client.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": each} for key, each in added.items()])
        if removed:
            client.untag_resource(ResourceArn=arn, TagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """DeleteTopic, after the subscriptions of the template."""
        client = context.client("sns")
        self._subscribe(client, made.physical_id, properties, {})
        client.delete_topic(TopicArn=made.physical_id)

    @staticmethod
    def _subscribe(client: Any, arn: str, old: Properties, new: Properties) -> None:
        before = {(each["Protocol"], each["Endpoint"]) for each in old.get("Subscription") or ()}
        after = {(each["Protocol"], each["Endpoint"]) for each in new.get("Subscription") or ()}
        for protocol, endpoint in sorted(after - before):
            client.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)
        if gone := before - after:
            for page in client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn):
                for each in page["Subscriptions"]:
                    if (each["Protocol"], each["Endpoint"]) in gone:
                        client.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


class Subscription:
    """AWS::SNS::Subscription."""

    _ATTRIBUTES = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy",
                   "SubscriptionRoleArn")  # fmt: skip
    handles = frozenset({"Endpoint", "Protocol", "TopicArn", *_ATTRIBUTES})

    def create(self, context: Context, properties: Properties) -> Made:
        """Subscribe."""
        arn = context.client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties.get("Endpoint", ""),
            Attributes={key: _attribute(properties[key]) for key in self._ATTRIBUTES if key in properties},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Made(physical_id=arn, attributes={"Arn": arn})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """SetSubscriptionAttributes."""
        for key in self._ATTRIBUTES:
            if new.get(key) != old.get(key):
                empty = {} if key in ("FilterPolicy", "RedrivePolicy", "DeliveryPolicy") else ""
                context.client("sns").set_subscription_attributes(
                    SubscriptionArn=made.physical_id,
                    AttributeName=key,
                    AttributeValue=_attribute(new.get(key, "false" if key == "RawMessageDelivery" else empty)),
                )
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """Unsubscribe."""
        try:
            context.client("sns").unsubscribe(SubscriptionArn=made.physical_id)
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise


class TopicPolicy:
    """AWS::SNS::TopicPolicy."""

    handles = frozenset({"PolicyDocument", "Topics"})

    def create(self, context: Context, properties: Properties) -> Made:
        """SetTopicAttributes, of each topic."""
        for arn in properties["Topics"]:
            self._set(context, arn, properties)
        name = context.name(256)
        return Made(physical_id=name, attributes={"Id": name})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """SetTopicAttributes, of each topic."""
        for arn in new["Topics"]:
            self._set(context, arn, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Nothing, as on AWS: a topic always has a policy."""

    @staticmethod
    def _set(context: Context, arn: str, properties: Properties) -> None:
        policy = document(properties["PolicyDocument"])
        context.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)


class Queue:
    """AWS::SQS::Queue."""

    _DEFAULTS: ClassVar[dict[str, str]] = {
        "ContentBasedDeduplication": "false",
        "DelaySeconds": "0",
        "KmsMasterKeyId": "",
        "MaximumMessageSize": "262144",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "RedriveAllowPolicy": "",
        "RedrivePolicy": "",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }
    handles = frozenset({"FifoQueue", "QueueName", "Tags", "KmsDataKeyReusePeriodSeconds"}).union(_DEFAULTS)

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateQueue."""
        client = context.client("sqs")
        suffix = ".fifo" if properties.get("FifoQueue") else ""
        name = properties.get("QueueName") or context.name(80 - len(suffix)) + suffix
        url = client.create_queue(
            QueueName=name,
            Attributes={
                key: _attribute(value) for key, value in properties.items() if key not in ("QueueName", "Tags")
            },
            tags=context.tags(properties, system=False),
        )["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return Made(physical_id=url, attributes={"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """SetQueueAttributes."""
        client, url = context.client("sqs"), made.physical_id
        changed = {
            key: _attribute(new.get(key, self._DEFAULTS[key]))
            for key in self._DEFAULTS
            if new.get(key) != old.get(key)
        }
        if changed:
            client.set_queue_attributes(QueueUrl=url, Attributes=changed)
        tags = client.list_queue_tags(QueueUrl=url).get("Tags", {})
        added, removed = changed_tags(tags, context.tags(new, system=False))
        if added:
            client.tag_queue(QueueUrl=url, Tags=added)
        if removed:
            client.untag_queue(QueueUrl=url, TagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteQueue."""
        try:
            context.client("sqs").delete_queue(QueueUrl=made.physical_id)
        except ClientError as error:
            if "NonExistent" not in error.response["Error"]["Code"]:
                raise


class QueuePolicy:
    """AWS::SQS::QueuePolicy."""

    handles = frozenset({"PolicyDocument", "Queues"})

    def create(self, context: Context, properties: Properties) -> Made:
        """SetQueueAttributes, of each queue."""
        for url in properties["Queues"]:
            self._set(context, url, document(properties["PolicyDocument"]))
        name = context.name(80)
        return Made(physical_id=name, attributes={"Id": name})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """SetQueueAttributes, of each queue that has it or had it."""
        for url in set(old["Queues"]) - set(new["Queues"]):
            self._set(context, url, "")
        for url in new["Queues"]:
            self._set(context, url, document(new["PolicyDocument"]))
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """Take the policy from each queue."""
        for url in properties["Queues"]:
            try:
                self._set(context, url, "")
            except ClientError as error:
                if "NonExistent" not in error.response["Error"]["Code"]:
                    raise

    @staticmethod
    def _set(context: Context, url: str, policy: str) -> None:
        context.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
