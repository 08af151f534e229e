"""The role that lets a scan into an account, as a CloudFormation template: one StackSet makes it in thousands."""

from collections.abc import Iterable

from powertune.aws.actions import ACTIONS, COUNT_METHODS, REGION_METHODS, SCAN_METHODS
from powertune.aws.roles import SCAN_ROLE

_TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Description: >-
  The role with which powertune scans the Lambda functions of this account. It can read, and change nothing.

# Deploy it to an organization as a service-managed StackSet, in one region, since IAM is global. A StackSet does not
# deploy to the management account; a stack of its own does.

Parameters:
  ScanAccountId:
    Type: String
    AllowedPattern: "[0-9]{12}"
    Description: The account from which scans are made.
  ScanPrincipalArn:
    Type: String
    Default: ""
    Description: >-
      The ARN of the user or role in that account that may assume this role, with * as a wildcard. Empty allows anyone
      whom that account permits.
  ExternalId:
    Type: String
    Default: ""
    AllowedPattern: "|[a-zA-Z0-9_+=,.@:/-]{2,1224}"
    Description: What the scan has to know besides, given with --external-id. Empty asks for nothing.
  RoleName:
    Type: String
    Default: @ROLE@
    AllowedPattern: "[a-zA-Z0-9_+=,.@-]{1,64}"
    Description: The name of the role, given with --role where it is another one.

Conditions:
  OnlyOnePrincipal: !Not [!Equals [!Ref ScanPrincipalArn, ""]]
  WithExternalId: !Not [!Equals [!Ref ExternalId, ""]]

Resources:
  ScanRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      Description: Lets powertune read how the Lambda functions of this account are configured and used
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Sub "arn:${AWS::Partition}:iam::${ScanAccountId}:root"
            Action: sts:AssumeRole
            Condition:
              StringEquals: !If
                - WithExternalId
                - sts:ExternalId: !Ref ExternalId
                - !Ref AWS::NoValue
              ArnLike: !If
                - OnlyOnePrincipal
                - aws:PrincipalArn: !Ref ScanPrincipalArn
                - !Ref AWS::NoValue
          # Session tags are for the account's own records; they allow nothing.
          - Effect: Allow
            Principal:
              AWS: !Sub "arn:${AWS::Partition}:iam::${ScanAccountId}:root"
            Action: sts:TagSession
      Policies:
        - PolicyName: powertune-scan
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Sid: PowertuneScan
                Effect: Allow
                Action:
@ACTIONS@
                Resource: "*"

Outputs:
  RoleArn:
    Description: The role that scans assume.
    Value: !GetAtt ScanRole.Arn
"""


#: What a scan calls as the member role.
MEMBER_METHODS = (*SCAN_METHODS, *REGION_METHODS, *COUNT_METHODS)


def member_actions(methods: Iterable[str] = MEMBER_METHODS) -> tuple[str, ...]:
    """The IAM actions of calls, sorted.

    Args:
        methods: keys of `ACTIONS`.
    """
    return tuple(sorted({action for m in methods for action in (ACTIONS[m].name, *ACTIONS[m].also)}))


def member_role_template(methods: Iterable[str] = MEMBER_METHODS) -> str:
    """The template of the member role, as YAML, for every partition.

    Args:
        methods: what the role may call, as keys of `ACTIONS`.
    """
    lines = "\n".join(f"                  - {action}" for action in member_actions(methods))
    return _TEMPLATE.replace("@ROLE@", SCAN_ROLE).replace("@ACTIONS@", lines)
