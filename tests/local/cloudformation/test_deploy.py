"""Deployments by the tools that people use: the AWS CLI, and what SAM does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from formations import Formation, outputs

supports = pytest.mark.supports

SAM = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 10, Runtime: python3.12}}
Parameters: {Memory: {Type: Number, Default: 256}}
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: CODE
      Handler: app.handler
      MemorySize: !Ref Memory
      AutoPublishAlias: live
      Policies: [AmazonS3ReadOnlyAccess]
      Events:
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Plan: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
Outputs: {Name: {Value: !Ref Function}, Alias: {Value: !Ref Function.Alias}}
"""
SOURCE = "def handler(event, context): return [context.memory_limit_in_mb, context.function_version]\n"


def invoke(cloud: Any, name: str) -> Any:
    return json.loads(cloud.lambda_.invoke(FunctionName=name)["Payload"].read())


def run(cloud: Any, folder: Path, *command: str) -> str:
    environment = {**os.environ, **cloud.aws.environment, "AWS_ENDPOINT_URL": cloud.aws.endpoint_url, "AWS_PAGER": ""}
    environment |= {"SAM_CLI_TELEMETRY": "0", "HOME": str(folder), "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {
        name: value for name, value in environment.items() if not name.startswith(("AWS_PROFILE", "COVERAGE_"))
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def bucket(formation: Formation, cloud: Any) -> Any:
    s3, name = cloud.client("s3"), formation.name()
    s3.create_bucket(Bucket=name)
    yield name
    for each in s3.list_objects_v2(Bucket=name).get("Contents", ()):
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


@supports("cloudformation:CreateChangeSet", "SAM templates: AWS::Serverless-2016-10-31 by AWS's own translator")
def test_what_sam_does_deploys_a_function(formation: Formation, cloud: Any, bucket: str, package: Any) -> None:
    """Package to S3, change set with a template in S3, wait, execute, wait, describe; then again with a change."""
    s3, client, name = cloud.client("s3"), formation.client, formation.name()
    s3.put_object(Bucket=bucket, Key="code", Body=package(SOURCE))
    for number, (kind, memory, changes) in enumerate((("CREATE", 256, {"Add"}), ("UPDATE", 512, {"Modify"}))):
        template = SAM.replace("CODE", f"s3://{bucket}/code").replace("Default: 256", f"Default: {memory}")
        s3.put_object(Bucket=bucket, Key="template", Body=template.encode())
        answer = client.create_change_set(
            StackName=name,
            ChangeSetName=f"samcli-deploy{number}",
            ChangeSetType=kind,
            TemplateURL=f"https://s3.us-east-1.amazonaws.com/{bucket}/template",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": "team", "Value": "a"}],
        )
        formation.ids.append(answer["StackId"])
        client.get_waiter("change_set_create_complete").wait(ChangeSetName=answer["Id"], StackName=name)
        found = client.describe_change_set(ChangeSetName=answer["Id"])["Changes"]
        assert {each["ResourceChange"]["Action"] for each in found} == changes
        client.execute_change_set(ChangeSetName=answer["Id"], StackName=name)
        waiter = client.get_waiter(f"stack_{kind.lower()}_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1})
        stack = formation.settled(answer["StackId"])
        assert stack["StackStatus"] == f"{kind}_COMPLETE", formation.events(stack)
        assert invoke(cloud, outputs(stack)["Name"]) == [str(memory), "$LATEST"]
    assert "AWS::Serverless::Function" in client.get_template(StackName=name)["TemplateBody"]
    processed = client.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
    assert "AWS::Lambda::Function" in json.dumps(processed)
    again = client.create_change_set(
        StackName=name,
        ChangeSetName="same",
        ChangeSetType="UPDATE",
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    failed = client.describe_change_set(ChangeSetName=again["Id"])
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", "No updates are to be performed.")


def test_a_serverless_template_that_is_wrong_fails_the_change_set(formation: Formation) -> None:
    template = "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function}}"
    change_set = formation.prepare(formation.name(), template)
    assert change_set["Status"] == "FAILED"
    assert "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless" in change_set["StatusReason"]
    assert "Resource with id [F] is invalid" in change_set["StatusReason"]
    other = formation.prepare(formation.name(), f"Transform: Mine\nResources: {{{'A: {Type: AWS::SNS::Topic}'}}}")
    assert "No transform named Mine found" in other["StatusReason"]


@pytest.mark.long
@supports("cloudformation:CreateChangeSet", "aws cloudformation package and deploy, of the AWS CLI")
def test_the_aws_cli_packages_and_deploys(formation: Formation, cloud: Any, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(SOURCE)
    (tmp_path / "template.yaml").write_text(SAM.replace("CODE", "src"))
    aws = (sys.executable, "-m", "awscli", "cloudformation")
    name = formation.name()
    run(cloud, tmp_path, *aws, "package", "--template-file", "template.yaml", "--s3-bucket", bucket,
        "--output-template-file", "packaged.yaml")  # fmt: skip
    deploy = (*aws, "deploy", "--template-file", "packaged.yaml", "--stack-name", name, "--capabilities",
              "CAPABILITY_IAM", "--parameter-overrides", "Memory=512")  # fmt: skip
    run(cloud, tmp_path, *deploy)
    stack = formation.settled(name)
    formation.ids.append(stack["StackId"])
    assert invoke(cloud, outputs(stack)["Alias"]) == ["512", "1"]
    assert "No changes to deploy" in run(cloud, tmp_path, *deploy, "--no-fail-on-empty-changeset")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("sam") is None, reason="the SAM CLI is not installed")
@supports("cloudformation:CreateChangeSet", "sam deploy, of the SAM CLI")
def test_the_sam_cli_deploys(formation: Formation, cloud: Any, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(SOURCE)
    (tmp_path / "template.yaml").write_text(SAM.replace("CODE", "src"))
    name = formation.name()
    deploy = ("sam", "deploy", "--template-file", "template.yaml", "--stack-name", name, "--s3-bucket", bucket,
              "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--region", "us-east-1")  # fmt: skip
    run(cloud, tmp_path, *deploy)
    stack = formation.settled(name)
    formation.ids.append(stack["StackId"])
    assert invoke(cloud, outputs(stack)["Alias"]) == ["256", "1"]
    assert "No changes to deploy" in run(cloud, tmp_path, *deploy, "--no-fail-on-empty-changeset")
