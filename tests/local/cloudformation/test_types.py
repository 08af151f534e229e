"""Resource types: what a template says of a resource is what the service then shows."""

import io
import json
import time
import zipfile
from typing import Any

import pytest
from formations import TRUST, Formation, outputs

supports = pytest.mark.supports

FUNCTION = """
Parameters: {Memory: {Type: Number, Default: 256}, Word: {Type: String, Default: hello}}
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: %s}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 3}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      MemorySize: !Ref Memory
      Timeout: "20"
      EphemeralStorage: {Size: 1024}
      LoggingConfig: {LogGroup: !Ref Group, LogFormat: JSON}
      ReservedConcurrentExecutions: 5
      Environment: {Variables: {WORD: !Ref Word, NUMBER: 1}}
      Tags: [{Key: own, Value: tag}]
      Code:
        ZipFile: |
          import os
          def handler(event, context):
              return os.environ["WORD"], os.environ["NUMBER"], context.memory_limit_in_mb, context.function_version
  %s: {Type: AWS::Lambda::Version, DeletionPolicy: Retain, Properties: {FunctionName: !Ref Function}}
  Alias:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Function, Name: live, FunctionVersion: !GetAtt %s.Version}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: 'lambda:InvokeFunction', Principal: events.amazonaws.com}
  Retries:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Function, Qualifier: $LATEST, MaximumRetryAttempts: 1}
Outputs: {Alias: {Value: !Ref Alias}, Name: {Value: !Ref Function}, Group: {Value: !Ref Group}}
"""


def invoke(cloud: Any, name: str) -> Any:
    return json.loads(cloud.lambda_.invoke(FunctionName=name)["Payload"].read())


@supports("cloudformation:CreateStack", "AWS::Lambda::Function with inline code, LoggingConfig, EphemeralStorage")
@supports("cloudformation:CreateStack", "AWS::Lambda::Version, Alias, Permission and EventInvokeConfig")
@supports("cloudformation:UpdateStack", "functions changed in place, versions published, aliases moved")
def test_functions_versions_and_aliases_are_real_and_change_in_place(formation: Formation, cloud: Any) -> None:
    stack = formation.create(FUNCTION % (TRUST, "First", "First"))
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    found = outputs(stack)
    name = found["Name"]
    config = cloud.lambda_.get_function(FunctionName=name)
    settings = config["Configuration"]
    assert (settings["MemorySize"], settings["Timeout"]) == (256, 20)
    assert settings["EphemeralStorage"] == {"Size": 1024}
    assert settings["LoggingConfig"]["LogGroup"] == found["Group"]
    assert config["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert config["Tags"]["own"] == "tag"
    assert config["Tags"]["aws:cloudformation:stack-name"] == stack["StackName"]
    assert invoke(cloud, found["Alias"]) == ["hello", "1", "256", "1"]
    assert cloud.lambda_.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1
    assert "events.amazonaws.com" in cloud.lambda_.get_policy(FunctionName=name)["Policy"]
    memory = [{"ParameterKey": "Memory", "ParameterValue": "512"}, {"ParameterKey": "Word", "ParameterValue": "bye"}]
    second = (FUNCTION % (TRUST, "Second", "Second")).replace("      EphemeralStorage: {Size: 1024}\n", "")
    stack = formation.update(stack, second, Parameters=memory)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", formation.events(stack)
    assert outputs(stack)["Name"] == name
    assert invoke(cloud, found["Alias"]) == ["bye", "1", "512", "2"]
    assert cloud.lambda_.get_function_configuration(FunctionName=name)["EphemeralStorage"] == {"Size": 512}
    code = second.replace("return os.environ", "return 'new', os.environ")
    formation.update(stack, code, Parameters=memory)
    assert invoke(cloud, name)[0] == "new"
    assert formation.delete(stack)["StackStatus"] == "DELETE_COMPLETE"


PROVISIONED = """
Parameters: {Source: {Type: String}}
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: %s}}
  Function: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.12, Handler: index.handler,
    Role: !GetAtt Role.Arn, Code: {ZipFile: !Ref Source}}}
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Function}}
  Alias: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Function, Name: live,
    FunctionVersion: !GetAtt Version.Version, ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}}}
Outputs: {Name: {Value: !Ref Function}, Alias: {Value: !Ref Alias}}
"""


@supports("cloudformation:CreateStack", "provisioned concurrency of versions and aliases, awaited")
def test_a_stack_waits_for_provisioned_concurrency(formation: Formation, cloud: Any) -> None:
    source = "import os\ndef handler(event, context):\n    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n"
    given = {"ParameterKey": "Source", "ParameterValue": source}
    stack = formation.create(PROVISIONED % TRUST, Parameters=[given])
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    found = outputs(stack)
    config = cloud.lambda_.get_provisioned_concurrency_config(FunctionName=found["Name"], Qualifier="live")
    assert (config["Status"], config["AvailableProvisionedConcurrentExecutions"]) == ("READY", 1)
    assert invoke(cloud, found["Alias"]) == "provisioned-concurrency"
    assert formation.delete(stack)["StackStatus"] == "DELETE_COMPLETE", formation.events(stack)
    broken = {"ParameterKey": "Source", "ParameterValue": "raise ValueError('broken')\n"}
    stack = formation.create(PROVISIONED % TRUST, Parameters=[broken])
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE", formation.events(stack)
    wanted = "Provisioned Concurrency configuration failed to be applied. Reason: FUNCTION_ERROR_INIT_FAILURE"
    assert formation.reason(stack, "Alias") == wanted


@supports("cloudformation:CreateStack", "AWS::Lambda::Function and LayerVersion with code from S3")
def test_code_and_layers_come_from_s3(formation: Formation, cloud: Any) -> None:
    s3, bucket = cloud.client("s3"), formation.name()
    s3.create_bucket(Bucket=bucket)

    def package(path: str, source: str) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(path, source)
        s3.put_object(Bucket=bucket, Key=path, Body=buffer.getvalue())

    package("app.py", "import extra\ndef handler(event, context): return extra.VALUE")
    package("python/extra.py", "VALUE = 'from the layer'")
    stack = formation.create(f"""
    Resources:
      Role: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {TRUST}}}}}
      Layer: {{Type: AWS::Lambda::LayerVersion,
               Properties: {{Content: {{S3Bucket: {bucket}, S3Key: python/extra.py}}}}}}
      Function:
        Type: AWS::Lambda::Function
        Properties:
          Runtime: python3.12
          Handler: app.handler
          Role: !GetAtt Role.Arn
          Layers: [!Ref Layer]
          Code: {{S3Bucket: {bucket}, S3Key: app.py}}
    """)
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    assert invoke(cloud, formation.physical(stack, "Function")) == "from the layer"
    missing = formation.create(f"""
    Resources:
      Layer: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {{S3Bucket: {bucket}, S3Key: none}}}}}}
    """)
    assert missing["StackStatus"] == "ROLLBACK_COMPLETE"
    for key in ("app.py", "python/extra.py"):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)


@supports(
    "cloudformation:CreateStack", "AWS::S3::Bucket with encryption, lifecycle, versioning; AWS::S3::BucketPolicy"
)
def test_buckets_are_configured(formation: Formation, cloud: Any) -> None:
    template = """
    Resources:
      Bucket:
        Type: AWS::S3::Bucket
        Properties:
          BucketEncryption: {ServerSideEncryptionConfiguration: [
            {ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]}
          PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true,
                                           RestrictPublicBuckets: true}
          VersioningConfiguration: {Status: Enabled}
          LifecycleConfiguration: {Rules: [{Id: old, Status: Enabled, ExpirationInDays: 30, Prefix: runs/}]}
      Policy:
        Type: AWS::S3::BucketPolicy
        Properties:
          Bucket: !Ref Bucket
          PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Deny, Principal: '*', Action: 's3:*',
            Resource: !Sub '${Bucket.Arn}/*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}]}
    """
    stack, s3 = formation.create(template), cloud.client("s3")
    bucket = formation.physical(stack, "Bucket")
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (rule["ID"], rule["Expiration"]["Days"], rule["Filter"]["Prefix"]) == ("old", 30, "runs/")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"
    stack = formation.update(stack, template.replace("Status: Enabled}\n", "Status: Suspended}\n", 1))
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


@supports("cloudformation:CreateStack", "AWS::StepFunctions::StateMachine from text, from S3 and as a document")
def test_state_machines_run(formation: Formation, cloud: Any) -> None:
    s3, bucket = cloud.client("s3"), formation.name()
    s3.create_bucket(Bucket=bucket)
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"word": "${word}"}, "End": True}}}
    s3.put_object(Bucket=bucket, Key="d.json", Body=json.dumps(definition).encode())
    common = f"RoleArn: 'arn:aws:iam::123456789012:role/{cloud.aws.role_arn.rsplit('/', 1)[1]}'"
    stack = formation.create(f"""
    Resources:
      Text: {{Type: AWS::StepFunctions::StateMachine, Properties: {{{common},
        DefinitionSubstitutions: {{word: text}}, DefinitionString: '{json.dumps(definition)}'}}}}
      Document: {{Type: AWS::StepFunctions::StateMachine, Properties: {{{common},
        DefinitionSubstitutions: {{word: document}}, Definition: {json.dumps(definition)}}}}}
      Stored: {{Type: AWS::StepFunctions::StateMachine, Properties: {{{common},
        TracingConfiguration: {{Enabled: true}}, DefinitionSubstitutions: {{word: stored}},
        DefinitionS3Location: {{Bucket: {bucket}, Key: d.json}}}}}}
    """)
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    states = cloud.client("stepfunctions")
    for logical_id, word in (("Text", "text"), ("Document", "document"), ("Stored", "stored")):
        arn = formation.physical(stack, logical_id)
        execution = states.start_execution(stateMachineArn=arn)["executionArn"]
        while (answer := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.05)
        assert json.loads(answer["output"]) == {"word": word}, answer
    s3.delete_object(Bucket=bucket, Key="d.json")
    s3.delete_bucket(Bucket=bucket)


@supports("cloudformation:CreateStack", "AWS::Events::Rule, AWS::Scheduler::Schedule and ScheduleGroup")
@supports(
    "cloudformation:CreateStack", "AWS::SNS::Topic, Subscription and TopicPolicy; AWS::SQS::Queue and QueuePolicy"
)
@supports("cloudformation:CreateStack", "AWS::KMS::Key and Alias; AWS::CloudWatch::Alarm; AWS::SSM::Parameter")
@supports("cloudformation:CreateStack", "AWS::Logs::LogGroup with retention, key, class and tags")
def test_schedules_messages_keys_and_alarms_are_made_and_changed(formation: Formation, cloud: Any) -> None:
    name = formation.name()
    template = f"""
    Parameters: {{Rate: {{Type: String, Default: rate(1 day)}}, Days: {{Type: Number, Default: 1}}}}
    Resources:
      Key: {{Type: AWS::KMS::Key, Properties: {{EnableKeyRotation: true, Description: mine}}}}
      KeyName: {{Type: AWS::KMS::Alias, Properties: {{AliasName: alias/{name}, TargetKeyId: !Ref Key}}}}
      Group: {{Type: AWS::Logs::LogGroup, Properties: {{RetentionInDays: !Ref Days, KmsKeyId: !GetAtt Key.Arn,
        LogGroupClass: STANDARD, Tags: [{{Key: a, Value: b}}]}}}}
      Queue: {{Type: AWS::SQS::Queue, Properties: {{MessageRetentionPeriod: 600, VisibilityTimeout: !Ref Days}}}}
      QueuePolicy: {{Type: AWS::SQS::QueuePolicy, Properties: {{Queues: [!Ref Queue], PolicyDocument: {{
        Version: 2012-10-17, Statement: [{{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage',
        Resource: !GetAtt Queue.Arn}}]}}}}}}
      Topic: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: !Ref Rate}}}}
      TopicPolicy: {{Type: AWS::SNS::TopicPolicy, Properties: {{Topics: [!Ref Topic], PolicyDocument: {{
        Version: 2012-10-17, Statement: []}}}}}}
      Mail: {{Type: AWS::SNS::Subscription, Properties: {{TopicArn: !Ref Topic, Protocol: sqs,
        Endpoint: !GetAtt Queue.Arn, RawMessageDelivery: true}}}}
      Alarm: {{Type: AWS::CloudWatch::Alarm, Properties: {{Namespace: AWS/Lambda, MetricName: Errors, Statistic: Sum,
        Period: 60, EvaluationPeriods: !Ref Days, Threshold: 0, ComparisonOperator: GreaterThanThreshold,
        AlarmActions: [!Ref Topic]}}}}
      Rule: {{Type: AWS::Events::Rule, Properties: {{ScheduleExpression: !Ref Rate,
        Targets: [{{Id: queue, Arn: !GetAtt Queue.Arn}}]}}}}
      Plans: {{Type: AWS::Scheduler::ScheduleGroup}}
      Plan: {{Type: AWS::Scheduler::Schedule, Properties: {{GroupName: !Ref Plans, ScheduleExpression: !Ref Rate,
        FlexibleTimeWindow: {{Mode: 'OFF'}}, Target: {{Arn: !GetAtt Queue.Arn, RoleArn: '{cloud.aws.role_arn}'}}}}}}
      Parameter: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !Ref Rate}}}}
    """
    stack = formation.create(template)
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    listed = formation.client.list_stack_resources(StackName=stack["StackId"])["StackResourceSummaries"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
    values = {"Rate": "rate(2 days)", "Days": "3"}
    for rate, days in (("rate(1 day)", 1), ("rate(2 days)", 3)):
        [group] = cloud.client("logs").describe_log_groups(logGroupNamePrefix=ids["Group"])["logGroups"]
        assert group["retentionInDays"] == days
        assert group["kmsKeyId"].endswith(ids["Key"])
        queue = cloud.client("sqs").get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["All"])["Attributes"]
        assert (queue["MessageRetentionPeriod"], queue["VisibilityTimeout"]) == ("600", str(days))
        assert cloud.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]["DisplayName"] == rate
        [alarm] = cloud.client("cloudwatch").describe_alarms(AlarmNames=[ids["Alarm"]])["MetricAlarms"]
        assert (alarm["EvaluationPeriods"], alarm["AlarmActions"]) == (days, [ids["Topic"]])
        events = cloud.client("events")
        assert events.describe_rule(Name=ids["Rule"])["ScheduleExpression"] == rate
        assert [each["Id"] for each in events.list_targets_by_rule(Rule=ids["Rule"])["Targets"]] == ["queue"]
        plan = cloud.client("scheduler").get_schedule(Name=ids["Plan"], GroupName=ids["Plans"])
        assert (plan["ScheduleExpression"], plan["Target"]["Arn"]) == (rate, queue["QueueArn"])
        parameter = cloud.client("ssm").get_parameter(Name=ids["Parameter"])["Parameter"]
        assert parameter["Value"] == rate
        if days == 1:
            given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
            stack = formation.update(stack, Parameters=given)
            assert stack["StackStatus"] == "UPDATE_COMPLETE", formation.events(stack)
    assert formation.delete(stack)["StackStatus"] == "DELETE_COMPLETE", formation.events(stack)


@supports("cloudformation:CreateStack", "AWS::Logs::MetricFilter, kept without metrics; AWS::CloudWatch::Dashboard")
def test_metric_filters_and_dashboards_are_made_and_changed(formation: Formation, cloud: Any) -> None:
    template = """
    Parameters: {Word: {Type: String, Default: ERROR}}
    Resources:
      Group: {Type: AWS::Logs::LogGroup}
      Filter: {Type: AWS::Logs::MetricFilter, Properties: {LogGroupName: !Ref Group, FilterPattern: !Ref Word,
        MetricTransformations: [{MetricName: Errors, MetricNamespace: Mine, MetricValue: '1', Unit: Count}]}}
      Board: {Type: AWS::CloudWatch::Dashboard, Properties: {
        DashboardBody: !Sub '{"widgets": [], "start": "${Word}"}'}}
    """
    stack = formation.create(template)
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    listed = formation.client.list_stack_resources(StackName=stack["StackId"])["StackResourceSummaries"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
    logs, cloudwatch = cloud.client("logs"), cloud.client("cloudwatch")
    for word in ("ERROR", "WARN"):
        if word == "WARN":
            stack = formation.update(stack, Parameters=[{"ParameterKey": "Word", "ParameterValue": word}])
            assert stack["StackStatus"] == "UPDATE_COMPLETE", formation.events(stack)
        [kept] = logs.describe_metric_filters(logGroupName=ids["Group"])["metricFilters"]
        assert (kept["filterName"], kept["filterPattern"]) == (ids["Filter"], word)
        assert kept["metricTransformations"] == [
            {"metricName": "Errors", "metricNamespace": "Mine", "metricValue": "1", "unit": "Count"}
        ]
        body = cloudwatch.get_dashboard(DashboardName=ids["Board"])["DashboardBody"]
        assert json.loads(body) == {"widgets": [], "start": word}
    assert formation.delete(stack)["StackStatus"] == "DELETE_COMPLETE", formation.events(stack)
    boards = cloudwatch.list_dashboards(DashboardNamePrefix=ids["Board"])["DashboardEntries"]
    assert not boards


@supports("cloudformation:CreateStack", "AWS::IAM::Role, Policy and ManagedPolicy")
def test_roles_and_policies_are_made_and_changed(formation: Formation, cloud: Any) -> None:
    statement = "{Version: 2012-10-17, Statement: [{Effect: Allow, Action: 's3:%s', Resource: '*'}]}"
    template = f"""
    Resources:
      Role: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {TRUST},
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
        Policies: [{{PolicyName: first, PolicyDocument: {statement % "GetObject"}}}]}}}}
      Policy: {{Type: AWS::IAM::Policy, Properties: {{PolicyName: other, Roles: [!Ref Role],
        PolicyDocument: {statement % "PutObject"}}}}}
      Managed: {{Type: AWS::IAM::ManagedPolicy, Properties: {{Roles: [!Ref Role],
        PolicyDocument: {statement % "ListBucket"}}}}}
    """
    stack, iam = formation.create(template), cloud.client("iam")
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    role = formation.physical(stack, "Role")
    assert sorted(iam.list_role_policies(RoleName=role)["PolicyNames"]) == ["first", "other"]
    attached = {each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    assert "AWSLambdaBasicExecutionRole" in attached
    assert len(attached) == 2
    second = template.replace("ListBucket", "DeleteObject").replace("PolicyName: first", "PolicyName: second")
    stack = formation.update(stack, second)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", formation.events(stack)
    assert sorted(iam.list_role_policies(RoleName=role)["PolicyNames"]) == ["other", "second"]
    arn = formation.physical(stack, "Managed")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert "s3:DeleteObject" in json.dumps(document)
    assert formation.delete(stack)["StackStatus"] == "DELETE_COMPLETE", formation.events(stack)


def test_a_version_without_a_change_fails(formation: Formation) -> None:
    first = FUNCTION % (TRUST, "First", "First")
    stack = formation.create(first)
    second = first.replace(
        "  Alias:", "  Again: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Function}}\n  Alias:"
    )
    stack = formation.update(stack, second)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "A version for this Lambda function exists ( 1 )" in formation.reason(stack, "Again")
