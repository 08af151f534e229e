"""Which resource is the function on AWS: by what a person says, by logical id, by name, or by a pattern."""

import pytest

from powertune.errors import PlaceAmbiguous, PlaceNotFound
from powertune.iac import Place, Source, Tool, Wanted, change, locate
from powertune.iac.model import Desired
from powertune.model import Architecture


def found(files: dict[str, str], name: str, resource: str | None = None, logical_id: str | None = None) -> Place:
    sources = tuple(Source(path=path, text=text) for path, text in files.items())
    return locate(sources, Wanted(function_name=name, resource=resource, logical_id=logical_id))


def function(name: str, properties: str, kind: str = "AWS::Lambda::Function") -> str:
    return f"  {name}: {{Type: '{kind}', Properties: {{Handler: a.b, {properties}}}}}\n"


def template(*functions: str, parameters: str = "") -> dict[str, str]:
    return {"template.yaml": parameters + "Resources:\n" + "".join(functions)}


def test_a_place_says_what_the_code_says() -> None:
    place = found(template(function("Fn", "FunctionName: fn, MemorySize: 512, Architectures: [arm64]")), "fn")
    assert place == Place(
        tool=Tool.CLOUDFORMATION,
        path="template.yaml",
        line=2,
        resource="Fn",
        memory_mb=512,
        architecture=Architecture.ARM64,
    )
    assert str(place) == "Fn (template.yaml:2)"


def test_a_place_says_the_default_and_not_what_is_unknown() -> None:
    place = found(template(function("Fn", "FunctionName: fn, Architectures: !If [A, [arm64], [x86_64]]")), "fn")
    assert (place.memory_mb, place.architecture) == (128, None)
    service = {"serverless.yml": "service: s\nprovider: {name: aws}\nfunctions: {a: {handler: a.b}}\n"}
    assert found(service, "s-dev-a").memory_mb == 1024


def test_a_resource_is_what_a_person_says_whatever_it_is_called() -> None:
    files = template(function("Fn", "FunctionName: fn"), function("Other", "FunctionName: other"))
    assert found(files, "fn", resource="Other").resource == "Other"
    sources = tuple(Source(path=path, text=text) for path, text in files.items())
    made = change(sources, Wanted(function_name="fn", resource="Other"), Desired(memory_mb=512))
    assert "Other is called other here, not fn" in made.notes
    with pytest.raises(PlaceNotFound, match=r"resource 'Nothing' is not in template.yaml"):
        found(files, "fn", resource="Nothing")


def test_a_resource_of_two_files_is_ambiguous() -> None:
    files = {f"{folder}/template.yaml": template(function("Fn", "Timeout: 3"))["template.yaml"] for folder in "ab"}
    with pytest.raises(PlaceAmbiguous, match=r"may be any of Fn \(a/template.yaml:2\), Fn \(b/template.yaml:2\)"):
        found(files, "fn", resource="Fn")


def test_a_single_function_is_no_match_by_itself() -> None:
    with pytest.raises(PlaceNotFound) as caught:
        found(template(function("Fn", "Timeout: 3")), "fn")
    assert caught.value.hint == "say which one it is with --resource: Fn (template.yaml:2)"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stack-Orders-AbCdEfGhIjKl", "Orders"),
        ("a-stack-with-hyphens-Orders-1GRP3N0TVA1LD", "Orders"),
        ("parent-Nested-1GRP3N0TVA1LD-Bills-AbCdEfGhIjKl", "Bills"),
    ],
)
def test_generated_names(name: str, expected: str) -> None:
    files = template(function("Orders", "Timeout: 3"), function("Bills", "Timeout: 3"))
    assert found(files, name).resource == expected


@pytest.mark.parametrize(
    "name",
    [
        "Orders-AbCdEfGhIjKl",
        "stack-Orders",
        "stack-Orders-short",
        "stack-Order-AbCdEfGhIjKl",
        "stack-orders-AbCdEfGhIjKl",
    ],
)
def test_names_that_are_not_generated_from_it(name: str) -> None:
    with pytest.raises(PlaceNotFound):
        found(template(function("Orders", "Timeout: 3")), name)


PARAMETERS = (
    "Parameters:\n  Stage: {Type: String, AllowedValues: [dev, prod]}\n  App: {Type: String, Default: shop}\n"
)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("!Sub '${AWS::StackName}-fn'", "any-stack-fn"),
        ("!Sub ['${Base}-fn', {Base: !Ref App}]", "shop-fn"),
        ("!Sub '${App}-${Stage}-fn'", "shop-prod-fn"),
        ("!Sub 'fn-${AWS::Region}-${AWS::AccountId}'", "fn-eu-west-1-123456789012"),
        ("!Sub 'fn-${AWS::Partition}'", "fn-aws-us-gov"),
        ("!Join [_, [!Ref App, fn, !Ref Stage]]", "shop_fn_dev"),
        ("{'Fn::Join': ['', [fn, 1]]}", "fn1"),
        ("!Ref App", "shop"),
    ],
)
def test_names_that_can_be_told(written: str, name: str) -> None:
    files = template(function("Fn", f"FunctionName: {written}"), parameters=PARAMETERS)
    assert found(files, name).resource == "Fn"
    with pytest.raises(PlaceNotFound):
        found(files, f"{name}x")


@pytest.mark.parametrize(
    "written",
    [
        "!Ref 'AWS::StackName'",
        "!Sub '${AWS::StackName}'",
        "!Sub '${Nothing}-fn'",
        "!Sub '${Table.Name}-fn'",
        "!ImportValue name",
        "!If [A, fn, fn]",
        "'{{resolve:ssm:fn}}'",
        "!Join [!Ref App, [a, b]]",
        "!Sub '${AWS::StackName}${AWS::StackName}${AWS::StackName}-fn'",
    ],
)
def test_names_that_cannot_be_told(written: str) -> None:
    files = template(function("Fn", f"FunctionName: {written}"), parameters=PARAMETERS)
    with pytest.raises(PlaceNotFound):
        found(files, "any-fn")


def test_a_name_goes_before_a_pattern() -> None:
    files = template(
        function("One", "FunctionName: prod-fn"), function("Two", "FunctionName: !Sub '${AWS::StackName}-fn'")
    )
    assert found(files, "prod-fn").resource == "One"
    assert found(files, "dev-fn").resource == "Two"


def test_two_patterns_are_ambiguous() -> None:
    files = template(*(function(name, "FunctionName: !Sub '${AWS::StackName}-fn'") for name in ("One", "Two")))
    with pytest.raises(PlaceAmbiguous):
        found(files, "dev-fn")


def test_a_logical_id_decides() -> None:
    files = template(
        function("One", "FunctionName: !ImportValue one"),
        function("Two", "FunctionName: !Sub '${AWS::StackName}-fn'"),
    )
    assert found(files, "dev-fn", logical_id="One").resource == "One"
    # Another logical id than that of the function is another function.
    with pytest.raises(PlaceNotFound):
        found(files, "dev-fn", logical_id="Three")


def test_a_logical_id_of_a_function_with_another_name_is_that_of_another_stack() -> None:
    files = template(function("Fn", "FunctionName: other"))
    with pytest.raises(PlaceNotFound):
        found(files, "fn", logical_id="Fn")


@pytest.mark.parametrize(
    ("line", "notes"),
    [
        ("FunctionName: shop-fn", 0),
        ("FunctionName: !Sub ${AWS::StackName}-fn", 1),
        ("FunctionName: !ImportValue name", 1),
        ("Handler: app.handler", 1),
    ],
)
def test_a_logical_id_without_a_name_is_said_to_be_that_of_other_stacks_too(line: str, notes: int) -> None:
    """Many templates have a function that is called `ApiFunction`."""
    text = (
        f"Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Properties:\n      {line}\n      MemorySize: 128\n"
    )
    name = "shop-fn" if "Name" in line else "shop-Fn-1A2B3C4D5E6F"
    wanted = Wanted(function_name=name, logical_id="Fn")
    said = change((Source(path="template.yaml", text=text),), wanted, Desired(memory_mb=256)).notes
    assert len([note for note in said if note.startswith("found by its logical id, which")]) == notes


@pytest.mark.parametrize(
    ("key", "logical_id"),
    [("hello", "HelloLambdaFunction"), ("my-fn_2", "MyDashfnUnderscore2LambdaFunction")],
)
def test_logical_ids_of_services(key: str, logical_id: str) -> None:
    files = {
        "serverless.yml": f"service: ${{env:S}}\nprovider: {{name: aws}}\nfunctions: {{{key}: {{handler: a.b}}}}\n"
    }
    assert found(files, "anything", logical_id=logical_id).resource == key


@pytest.mark.parametrize(
    ("service", "function", "name"),
    [
        ("shop", "{handler: a.b}", "shop-prod-fn"),
        ("{name: shop}", "{handler: a.b}", "shop-prod-fn"),
        ("shop", "{handler: a.b, name: exact}", "exact"),
        ("shop", "{handler: a.b, name: '${self:service}-${sls:stage}-x'}", "shop-prod-x"),
        ("shop", "{handler: a.b, name: \"${opt:stage, 'dev'}-x\"}", "prod-x"),
        ("shop", "{handler: a.b, name: '${self:provider.prefix}-x'}", "acme-x"),
    ],
)
def test_names_of_services(service: str, function: str, name: str) -> None:
    provider = "provider: {name: aws, prefix: acme}"
    files = {"serverless.yml": f"service: {service}\n{provider}\nfunctions: {{fn: {function}}}\n"}
    assert found(files, name).resource == "fn"


def test_functions_whose_names_end_alike() -> None:
    functions = "functions: {api: {handler: a.b}, admin-api: {handler: a.b}}"
    files = {"serverless.yml": f"service: shop\nprovider: {{name: aws}}\n{functions}\n"}
    assert found(files, "shop-dev-api").resource == "api"
    assert found(files, "shop-dev-admin-api").resource == "admin-api"


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("module.lambda", 1),
        ("module.lambda.aws_lambda_function.this", 1),
        ("module.lambda.aws_lambda_function.this[0]", 1),
        ("aws_lambda_function.fn", 5),
    ],
)
def test_addresses_of_terraform(address: str, line: int) -> None:
    module = 'module "lambda" {\n  source = "terraform-aws-modules/lambda/aws"\n  function_name = var.name\n}\n'
    files = {"main.tf": module + 'resource "aws_lambda_function" "fn" {\n  function_name = "fn"\n}\n'}
    assert found(files, "anything", resource=address).line == line


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("terraform-aws-modules/lambda/aws", True),
        ("registry.terraform.io/terraform-aws-modules/lambda/aws", True),
        ("git::https://github.com/terraform-aws-modules/terraform-aws-lambda.git?ref=v7", True),
        ("github.com/terraform-aws-modules/terraform-aws-lambda", True),
        ("terraform-aws-modules/lambda/aws//modules/alias", False),
        ("evil/terraform-aws-modules/lambda/aws", False),
    ],
)
def test_sources_of_the_common_module(source: str, known: bool) -> None:
    files = {"main.tf": f'module "fn" {{\n  source = "{source}"\n  function_name = "fn"\n}}\n'}
    if known:
        assert found(files, "fn").resource == "module.fn"
    else:
        with pytest.raises(PlaceNotFound):
            found(files, "fn")


def test_a_function_in_a_nested_stack_is_not_found_and_the_error_says_where_it_may_be() -> None:
    nested = "  Inner: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: inner.yaml}}\n"
    loop = "  Fn::ForEach::All: [Name, [A, B], {}]\n"
    with pytest.raises(PlaceNotFound) as caught:
        found(template(nested, loop), "fn")
    assert "the resources of Inner are in a template of their own" in caught.value.message
    assert "Fn::ForEach::All is not looked into" in caught.value.message
    assert caught.value.hint == "give the file or folder that defines it"


def test_a_file_that_cannot_be_read_does_not_hide_the_others() -> None:
    files = {**template(function("Fn", "FunctionName: fn")), "broken/template.yaml": "a: ["}
    assert found(files, "fn").resource == "Fn"
    sources = tuple(Source(path=path, text=text) for path, text in files.items())
    made = change(sources, Wanted(function_name="fn"), Desired(memory_mb=512))
    assert made.notes[0].startswith("not looked into: broken/template.yaml, line 1 is not YAML")
    with pytest.raises(PlaceNotFound, match=r"broken/template\.yaml, line 1 is not YAML"):
        found(files, "other")


def test_globals_are_not_changed_for_functions_that_are_not_known() -> None:
    head = "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {MemorySize: 256}}\n"
    body = template(
        function("Fn", "Timeout: 3", "AWS::Serverless::Function"), "  Fn::ForEach::All: [Name, [A], {}]\n"
    )["template.yaml"]
    sources = (Source(path="template.yaml", text=head + body),)
    made = change(sources, Wanted(function_name="x", resource="Fn"), Desired(memory_mb=512))
    assert "Globals: {Function: {MemorySize: 256}}" in made.edits[0].after
    assert "MemorySize: 512" in made.edits[0].after
