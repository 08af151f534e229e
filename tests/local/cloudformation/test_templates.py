"""Templates: how they are read, what is refused, and what their functions give."""

import contextlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from formations import Formation, outputs
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.cloudformation.faults import Refused
from powertune.local.cloudformation.intrinsics import Scope
from powertune.local.cloudformation.parameters import collect
from powertune.local.cloudformation.reading import read_template
from powertune.local.cloudformation.template import Template

supports = pytest.mark.supports

PLAIN = "P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}"


@supports("cloudformation:CreateStack", "functions, conditions, mappings and pseudo parameters")
@supports("cloudformation:CreateStack", "parameters: lists, numbers, NoEcho, SSM parameter types")
def test_functions_parameters_and_conditions(formation: Formation, cloud: Any) -> None:
    stored = "/" + formation.name()
    cloud.client("ssm").put_parameter(Name=stored, Value="kept", Type="String")
    stack = formation.create(
        f"""
    Parameters:
      Name: {{Type: String, Default: a.b.c}}
      List: {{Type: CommaDelimitedList, Default: 'x, y'}}
      Secret: {{Type: String, NoEcho: true}}
      Stored: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: {stored}}}
      Big: {{Type: String, Default: 'no'}}
    """
        + """
    Mappings: {Sizes: {us-east-1: {small: 128}, eu-west-1: {small: 256}}}
    Conditions:
      Big: !Equals [!Ref Big, 'yes']
      Small: !And [!Not [!Condition Big], !Equals [!Ref 'AWS::Region', us-east-1]]
    Resources:
      P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x,
          Description: !If [Small, small, !Ref 'AWS::NoValue']}}
      Never: {Type: AWS::SSM::Parameter, Condition: Big, Properties: {Type: String, Value: x}}
    Outputs:
      Join: {Value: !Join ['-', !Ref List]}
      Select: {Value: !Select [1, !Split ['.', !Ref Name]]}
      Map: {Value: !FindInMap [Sizes, !Ref 'AWS::Region', small]}
      Sub: {Value: !Sub ['${P.Type} ${word} ${!Literal} ${AWS::AccountId}', {word: !Ref Name}]}
      If: {Value: !If [Big, big, small]}
      Base64: {Value: {Fn::Base64: a}}
      Json: {Value: {Fn::ToJsonString: {a: !Ref List}}}
      Stored: {Value: !Ref Stored}
      Never: {Condition: Big, Value: x}
    """,
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hidden"}],
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation.events(stack)
    assert outputs(stack) == {
        "Join": "x-y",
        "Select": "b",
        "Map": "128",
        "Sub": "String a.b.c ${Literal} 123456789012",
        "If": "small",
        "Base64": "YQ==",
        "Json": '{"a":["x","y"]}',
        "Stored": "kept",
    }
    shown = {each["ParameterKey"]: each for each in stack["Parameters"]}
    assert shown["Secret"]["ParameterValue"] == "****"
    assert shown["Stored"]["ResolvedValue"] == "kept"
    assert formation.statuses(stack, "Never") == []
    cloud.client("ssm").delete_parameter(Name=stored)


@supports("cloudformation:ValidateTemplate", "templates refused with AWS's reasons")
@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("Resources: {}", "At least one Resources member must be defined"),
        ("Resources: [", "YAML not well-formed"),
        ('{"Resources": {', "JSON not well-formed"),
        ("Nothing: 1", "Invalid template property or properties [Nothing]"),
        ("Resources: {A: {Type: AWS::X::Y}, B: {Type: AWS::X::Z}}",
         "Template format error: Unrecognized resource types: [AWS::X::Y, AWS::X::Z]"),
        (f"Resources: {{{PLAIN}, Q: {{Type: AWS::SNS::Topic, Properties: {{TopicName: !Ref Lost}}}}}}",
         "Unresolved resource dependencies [Lost] in the Resources block"),
        (f"Resources: {{{PLAIN}, Q: {{Type: AWS::SNS::Topic, Properties: {{TopicName: !GetAtt Lost.Arn}}}}}}",
         "instance of Fn::GetAtt references undefined resource Lost"),
        (f"Resources: {{{PLAIN}, Q: {{Type: AWS::SNS::Topic, Properties: {{TopicName: !GetAtt P.Nope}}}}}}",
         "does not support attribute type Nope in Fn::GetAtt"),
        ("Resources: {A: {Type: AWS::SNS::Topic, DependsOn: B}, B: {Type: AWS::SNS::Topic, DependsOn: A}}",
         "Circular dependency between resources: [A, B]"),
        (f"Resources: {{{PLAIN}, Q: {{Type: AWS::SNS::Topic, Condition: Lost}}}}",
         "Unresolved condition dependency Lost"),
        ("Resources: {A: {Type: AWS::SNS::Topic, Properties1: {}}}",
         "Invalid template resource property 'Properties1'"),
        ("Resources: {A: {Properties: {}}}", "must contain a Type member"),
        ("Resources: {A: {Type: AWS::SNS::Topic, UpdatePolicy: {x: y}}}", "does not support UpdatePolicy"),
        ("Rules: {a: {}}\nResources: {A: {Type: AWS::SNS::Topic}}", "does not support the section Rules"),
    ],
)  # fmt: skip
def test_bad_templates_are_refused(formation: Formation, template: str, words: str) -> None:
    calls = (
        lambda: formation.client.validate_template(TemplateBody=template),
        lambda: formation.client.create_stack(StackName=formation.name(), TemplateBody=template),
        lambda: formation.prepare(formation.name(), template),
    )
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "ValidationError"
        assert words in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError, match="does not exist"):
        formation.client.describe_stacks(StackName=f"{formation.prefix}-1")


@supports("cloudformation:CreateStack", "parameters refused with a reason: patterns, allowed values, ranges, lengths")
@pytest.mark.parametrize(
    ("declaration", "value", "words"),
    [
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A1", "Parameter 'P' must match pattern [a-z]+"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "must be a number not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "must be a number not greater than 3"),
        ({"Type": "String", "MinLength": 3}, "ab", "must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": 1}, "ab", "must contain at most 1 characters"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]"}, "a,B", "must match pattern"),
        ({"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "say a"}, "b",
         "Parameter P failed to satisfy constraint: say a"),
        ({"Type": "String"}, None, "Parameters: [P] must have values"),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused(declaration: dict[str, Any], value: str | None, words: str) -> None:
    asked = {} if value is None else {"P": value}
    with pytest.raises(Refused) as caught:
        collect({"P": declaration}, asked, lambda name: name)
    assert words in caught.value.message


def test_parameters_that_do_not_exist_are_refused(formation: Formation) -> None:
    with pytest.raises(ClientError, match=r"Parameters: \[Lost\] do not exist in the template"):
        formation.create(f"Resources: {{{PLAIN}}}", Parameters=[{"ParameterKey": "Lost", "ParameterValue": "x"}])


@supports("cloudformation:GetTemplateSummary", "parameters, types, capabilities and transforms of a template")
@supports("cloudformation:ValidateTemplate", "parameters, capabilities; YAML with short forms")
@supports("cloudformation:GetTemplate", "the template as it was sent")
def test_templates_are_summarized(formation: Formation) -> None:
    template = f"""
    Description: some words
    Parameters: {{A: {{Type: Number, Default: 3, AllowedValues: [3, 4]}}, B: {{Type: String, NoEcho: true}}}}
    Resources: {{{PLAIN}, R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}}}}}}}
    """
    client = formation.client
    summary = client.get_template_summary(TemplateBody=template)
    assert summary["Description"] == "some words"
    assert summary["Capabilities"] == ["CAPABILITY_IAM"]
    assert summary["ResourceTypes"] == ["AWS::SSM::Parameter", "AWS::IAM::Role"]
    first, second = summary["Parameters"]
    assert (first["ParameterKey"], first["DefaultValue"]) == ("A", "3")
    assert first["ParameterConstraints"] == {"AllowedValues": ["3", "4"]}
    assert second["NoEcho"] is True
    assert [each["ParameterKey"] for each in client.validate_template(TemplateBody=template)["Parameters"]] == [
        "A",
        "B",
    ]
    stack = formation.create(f"Resources: {{{PLAIN}}}")
    assert client.get_template(StackName=stack["StackName"])["TemplateBody"] == f"Resources: {{{PLAIN}}}"
    assert client.get_template_summary(StackName=stack["StackName"])["ResourceTypes"] == ["AWS::SSM::Parameter"]


_TEXT = st.text(st.characters(codec="ascii", exclude_categories=["C"]))
_KEYS = st.text("abc", min_size=1, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip

SCOPE = Scope(
    mappings={}, conditions={}, parameters={}, pseudo={},
    ref=lambda name: name, attribute=lambda name, key: f"{name}.{key}", imported=lambda name: name,
)  # fmt: skip


def test_names_and_sizes_have_limits(formation: Formation) -> None:
    plain = f"Resources: {{{PLAIN}}}"
    with pytest.raises(ClientError, match="at 'stackName' failed to satisfy constraint"):
        formation.create(plain, name="under_score")
    with pytest.raises(ClientError, match="less than or equal to 51200"):
        formation.create(plain + "\n# " + "x" * 51_200)


def test_dynamic_references_are_refused() -> None:
    with pytest.raises(Refused, match="does not support dynamic references"):
        SCOPE.evaluate({"A": ["{{resolve:secretsmanager:name}}"]})


@given(JSON)
def test_what_holds_no_function_stays_as_it_is(document: Any) -> None:
    assert SCOPE.evaluate(document) == document


@given(st.dictionaries(st.text("ab", min_size=1), JSON, min_size=1))
def test_json_is_read_as_json(document: dict[str, Any]) -> None:
    assert read_template(json.dumps(document)) == document


@given(
    JSON, st.sampled_from(["Fn::Join", "Fn::Select", "Fn::Sub", "Fn::FindInMap", "Fn::If", "Fn::GetAtt", "Fn::Split"])
)
def test_functions_that_are_used_wrongly_are_refused_and_nothing_else(argument: Any, name: str) -> None:
    with contextlib.suppress(Refused):
        SCOPE.evaluate({name: argument})


@given(st.dictionaries(st.sampled_from(["A", "B", "C-"]), JSON, min_size=1), JSON, JSON)
def test_damaged_templates_are_refused_and_nothing_else(resources: Any, parameters: Any, results: Any) -> None:
    text = json.dumps({"Resources": resources, "Parameters": parameters, "Outputs": results})
    with contextlib.suppress(Refused):
        Template.parse(text).check()
