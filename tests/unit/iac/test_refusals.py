"""What cannot be changed without guessing is refused, with the place and what to do."""

from textwrap import dedent

import pytest

from powertune.errors import PlaceAmbiguous, PlaceNotFound, PlaceRefused, UsageError
from powertune.iac import Desired, Source, Wanted, change
from powertune.model import Architecture

#: The function that every one of these defines.
NAME = "stack-Fn-AbCdEfGhIjKl"


def template(properties: str, more: str = "", top: str = "") -> str:
    """A template with one function of these properties, and other resources."""
    head = "Transform: AWS::Serverless-2016-10-31\n" + dedent(top)
    function = (
        f"Resources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: a.b\n{properties}"
    )
    return head + function + more


def parameter(text: str) -> str:
    return template("      MemorySize: !Ref Memory\n", top=f"Parameters:\n  Memory: {text}\n")


def refusal(files: dict[str, str], wanted: Wanted, desired: Desired) -> UsageError:
    sources = tuple(Source(path=path, text=text) for path, text in files.items())
    with pytest.raises(UsageError) as caught:
        change(sources, wanted, desired)
    assert caught.value.hint
    return caught.value


OTHER = "  Other:\n    Type: AWS::Serverless::Function\n    Properties: {Handler: c.d, MemorySize: !Ref Memory}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (template("      MemorySize: !If [Prod, 512, 128]\n"), "line 7: the memory size of Fn comes from Fn::If"),
        (
            template("      MemorySize: !FindInMap [Sizes, prod, memory]\n"),
            "line 7: the memory size of Fn comes from Fn::FindInMap",
        ),
        (
            template("      MemorySize: {'Fn::If': [Prod, 512, 128]}\n"),
            "line 7: the memory size of Fn comes from Fn::If",
        ),
        (
            template("      MemorySize: '{{resolve:ssm:/fn/memory:3}}'\n"),
            "line 7: the memory size of Fn comes from {{resolve:ssm:/fn/memory:3}}",
        ),
        (
            template("      MemorySize: !Ref Nothing\n"),
            "the memory size refers to Nothing, which is no parameter here",
        ),
        (template("      MemorySize: 0x200\n"), "line 7: the memory size of Fn is not a plain value"),
        (template("      MemorySize: 512.0\n"), "line 7: the memory size of Fn is not a plain value"),
        (template("      MemorySize: >-\n        512\n"), "line 7: the memory size of Fn is not a plain value"),
        (template("      MemorySize: [512]\n"), "line 7: the memory size of Fn is not a plain value"),
        (template("      MemorySize:\n"), "the memory size of Fn is not a plain value"),
        (
            template("      MemorySize: &size 512\n      Timeout: *size\n"),
            "line 7: the memory size of Fn is shared through a YAML anchor",
        ),
        (
            template("      Timeout: &size 512\n      MemorySize: *size\n"),
            "line 7: the memory size of Fn is shared through a YAML anchor",
        ),
        (parameter("{Type: Number}"), "line 3: parameter Memory has no Default"),
        (
            parameter("{Type: 'AWS::SSM::Parameter::Value<String>', Default: /fn/memory}"),
            "line 3: parameter Memory is read from Systems Manager",
        ),
        (
            parameter("{Type: Number, Default: 256, AllowedValues: [128, 256]}"),
            "parameter Memory takes only 128, 256",
        ),
        (parameter("{Type: Number, Default: 256, MaxValue: 500}"), "parameter Memory takes at most 500"),
        (parameter("{Type: Number, Default: 1024, MinValue: 1000}"), "parameter Memory takes at least 1000"),
        (parameter("{Type: String, Default: small}"), "the Default of parameter Memory is not a plain value"),
        (
            template("      MemorySize: !Ref Memory\n", OTHER, "Parameters:\n  Memory: {Default: 256}\n"),
            "line 12: parameter Memory, which holds the memory size, is also used here",
        ),
        (
            template(
                "      MemorySize: !Ref Memory\n",
                "  Task: {Type: 'AWS::ECS::TaskDefinition', Properties: {Memory: !Sub 'x${Memory}'}}\n",
                "Parameters:\n  Memory: {Default: 256}\n",
            ),
            "line 10: parameter Memory, which holds the memory size, is also used here",
        ),
        (
            "Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Properties: !If [A, {MemorySize: 1}, {}]\n",
            "line 4: the properties of Fn come from Fn::If",
        ),
        ("Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n", "Fn has no Properties"),
        (
            template("      Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n"),
            "line 6: more properties of Fn come from Fn::Transform",
        ),
        (
            template("      MemorySize: 512\n      MemorySize: 512\n"),
            "line 8 is not clear: the key 'MemorySize' occurs twice",
        ),
        (template("\tMemorySize: 512\n"), "line 7 is not YAML: found character '\\t' that cannot start any token"),
        (template("      MemorySize: 512\n---\nResources: {}\n"), "holds 2 documents"),
        ("Resources: &a\n  Fn: *a\n", "is not a template: an alias refers to itself"),
        ("Resources: {{ resources }}\n", "function 'stack-Fn-AbCdEfGhIjKl' is not in template.yaml"),
        ("", "is not in template.yaml (template.yaml is neither a template nor the configuration of a service)"),
        ("x: " + "[\n" * 100_000 + "]" * 100_000, "template.yaml is nested too deeply"),
        ("#" * 1_000_001, "template.yaml: 1,000,001 characters are too many"),
    ],
)
def test_templates(text: str, message: str) -> None:
    wanted = Wanted(function_name=NAME)
    error = refusal({"template.yaml": text}, wanted, Desired(memory_mb=640))
    assert message in error.message


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("      Architectures: [x86_64, arm64]\n", "Architectures of Fn is not a list of one"),
        ("      Architectures: [!Ref Nothing]\n", "the architecture refers to Nothing, which is no parameter here"),
        ("      Architectures: [riscv]\n", "the architecture of Fn is not a plain value"),
        ("      Architectures: !If [A, [arm64], [x86_64]]\n", "the architecture of Fn comes from Fn::If"),
    ],
)
def test_architectures(properties: str, message: str) -> None:
    wanted, desired = Wanted(function_name=NAME), Desired(architecture=Architecture.ARM64)
    assert message in refusal({"template.yaml": template(properties)}, wanted, desired).message


def test_a_parameter_that_sam_passes() -> None:
    text = parameter("{Type: Number, Default: 256}")
    for value in (
        '"Memory=512 Stage=prod"',
        '["Stage=prod", "Memory=512"]',
        '"ParameterKey=Memory,ParameterValue=512"',
        "{Memory = 512}",
    ):
        files = {
            "template.yaml": text,
            "samconfig.toml": f"[prod.deploy.parameters]\nparameter_overrides = {value}\n",
        }
        error = refusal(files, Wanted(function_name=NAME), Desired(memory_mb=640))
        assert error.message.endswith("parameter Memory, which holds the memory size, is set in samconfig.toml")


FUNCTION = 'resource "aws_lambda_function" "fn" {\n  function_name = "fn"\n  runtime = "x"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FUNCTION + "  memory_size = var.m\n}\n", "line 4: var.m is not declared in this folder"),
        (
            FUNCTION + '  memory_size = var.m\n}\nvariable "m" {}\n',
            "var.m, which holds the memory size, has no default",
        ),
        (
            FUNCTION + '  memory_size = var.m\n}\nvariable "m" { default = 1 * 512 }\n',
            "line 6: the memory size is an expression, 1 * 512",
        ),
        (
            FUNCTION + '  memory_size = var.m\n}\nvariable "m" { default = 512 }\nresource "x" "y" { z = var.m }\n',
            "line 7: var.m, which holds the memory size, is also used here",
        ),
        (FUNCTION + "  memory_size = local.m\n}\n", "local.m is not defined once in this folder"),
        (
            FUNCTION + "  memory_size = local.m\n}\nlocals {\n  m = 512\n  n = local.m * 2\n}\n",
            "line 8: local.m, which holds the memory size, is also used here",
        ),
        (FUNCTION + "  memory_size = 512 * 2\n}\n", "line 4: the memory size is an expression, 512 * 2"),
        (
            FUNCTION + "  memory_size = terraform.workspace == 1 ? 1 : 2\n}\n",
            "an expression, terraform.workspace == 1 ? 1 : 2",
        ),
        (FUNCTION + '  memory_size = var.sizes["a"]\n}\n', 'an expression, var.sizes["a"]'),
        (FUNCTION + "  memory_size = module.sizes.memory\n}\n", "an expression, module.sizes.memory"),
        (FUNCTION + '  memory_size = "${512}"\n}\n', 'an expression, "${512}"'),
        (FUNCTION + "  memory_size = <<EOT\n512\nEOT\n}\n", "an expression, <<EOT 512 EOT"),
        (
            FUNCTION + "  memory_size = each.value.memory\n  for_each = var.functions\n}\n",
            "line 1: aws_lambda_function.fn is one of several that count or for_each makes here",
        ),
        (FUNCTION + "  count = 2\n}\n", "is one of several that count or for_each makes here"),
        (
            FUNCTION + "  memory_size = 512\n  lifecycle {\n    ignore_changes = [tags, memory_size]\n  }\n}\n",
            "line 6: Terraform ignores changes of memory_size of aws_lambda_function.fn",
        ),
        (FUNCTION + "  lifecycle {\n    ignore_changes = all\n  }\n}\n", "line 5: Terraform ignores changes"),
        (
            'resource "aws_lambda_function" "fn" { function_name = "fn" }\n',
            "resource aws_lambda_function fn, which has no attribute on a line of its own",
        ),
        (FUNCTION + "  memory_size = 1\n  memory_size = 2\n}\n", "line 5 is not clear: memory_size is given twice"),
        (FUNCTION, "main.tf, line 4 is not Terraform: a parser cannot read it"),
        ("", "function 'fn' is not in main.tf"),
        ("a = " + "[" * 20_000 + "]" * 20_000, "main.tf is nested too deeply"),
    ],
)
def test_terraform(text: str, message: str) -> None:
    assert message in refusal({"main.tf": text}, Wanted(function_name="fn"), Desired(memory_mb=640)).message


def test_a_variable_that_several_files_set() -> None:
    main = FUNCTION + '  memory_size = var.m\n}\nvariable "m" { default = 512 }\n'
    wanted, desired = Wanted(function_name="fn"), Desired(memory_mb=640)
    for files in (
        ["dev.tfvars", "prod.tfvars"],
        ["prod.tfvars"],
        ["terraform.tfvars", "x.auto.tfvars"],
        ["envs/prod/terraform.tfvars"],
        ["terraform.tfvars", "envs/prod.tfvars"],
    ):
        error = refusal({"main.tf": main, **dict.fromkeys(files, "m = 256\n")}, wanted, desired)
        assert error.message.endswith(f"var.m, which holds the memory size, is set in {', '.join(files)}")


def test_a_module_that_is_called_several_times() -> None:
    calls = "".join(f'module "{name}" {{\n  source = "./fn"\n  name = "{name}"\n}}\n' for name in ("a", "b"))
    inner = 'variable "name" {}\nresource "aws_lambda_function" "this" {\n  function_name = var.name\n'
    for memory in ("  memory_size = 512\n", ""):
        files = {"main.tf": calls, "fn/main.tf": inner + memory + "}\n"}
        error = refusal(files, Wanted(function_name="a"), Desired(memory_mb=640))
        assert "the memory size is also that of module.b.aws_lambda_function.this" in error.message


def test_a_module_that_for_each_calls() -> None:
    call = 'module "all" {\n  source = "./fn"\n  for_each = toset(["a"])\n}\n'
    inner = 'resource "aws_lambda_function" "this" {\n  function_name = "fn"\n  memory_size = 512\n}\n'
    error = refusal({"main.tf": call, "fn/main.tf": inner}, Wanted(function_name="fn"), Desired(memory_mb=640))
    assert error.message.startswith("main.tf, line 1: module.all.aws_lambda_function.this is one of several")


def service(function: str, more: str = "") -> str:
    return f"service: s\nprovider: {{name: aws}}\nfunctions:\n  fn:\n    handler: a.b\n{function}{more}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            service("    memorySize: ${opt:memory, 512}\n"),
            "line 6: the memory size of fn comes from ${opt:memory, 512}",
        ),
        (service("    memorySize: ${env:MEMORY}\n"), "the memory size of fn comes from ${env:MEMORY}"),
        (service("    memorySize: ${ssm:/memory}\n"), "the memory size of fn comes from ${ssm:/memory}"),
        (service("    memorySize: ${file(m.yml):memory}\n"), "comes from ${file(m.yml):memory}"),
        (
            service("    memorySize: ${self:custom.m.${sls:stage}}\n", "custom: {m: {dev: 1}}\n"),
            "comes from ${self:custom.m.${sls:stage}}",
        ),
        (
            service(
                "    memorySize: ${self:custom.m}\n",
                "  other: {handler: c.d, memorySize: '${self:custom.m}'}\ncustom: {m: 512}\n",
            ),
            "line 7: self:custom.m, which holds the memory size of fn, is also used here",
        ),
        (
            service("    memorySize: ${self:custom.m}\n", "custom: {m: 512, all: '${self:custom}'}\n"),
            "self:custom.m, which holds the memory size of fn, is also used here",
        ),
        (service("    memorySize: lots\n"), "line 6: the memory size of fn is not a plain value"),
        (
            service("    memorySize: &m 512\n    timeout: *m\n"),
            "the memory size of fn is shared through a YAML anchor",
        ),
        (
            "service: s\nprovider: {name: aws}\nfunctions: ${file(functions.yml)}\n",
            "functions come from ${file(functions.yml)}, which is not looked into",
        ),
    ],
)
def test_services(text: str, message: str) -> None:
    error = refusal({"serverless.yml": text}, Wanted(function_name="s-dev-fn"), Desired(memory_mb=640))
    assert message in error.message


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("{ functionName: 'fn', memorySize: size }", "a.ts, line 1: memorySize is size, not a plain value"),
        ("{ functionName: 'fn', memorySize: 1_024 }", "a.ts, line 1: memorySize is 1_024, not a plain value"),
        ("{ functionName: 'fn', memorySize: 2 * 512 }", "a.ts, line 1: memorySize is 2 * 512, not a plain value"),
        ("{ functionName: 'fn', memorySize: 512, ...rest }", "a.ts, line 1: more properties come from elsewhere"),
        ("{ functionName: 'fn', memorySize }", "a.ts, line 1: more properties come from elsewhere"),
        ("{ functionName: 'fn', memorySize: 512 } as any", "function 'fn' is not in a.ts"),
        ("props", "function 'fn' is not in a.ts"),
    ],
)
def test_typescript(properties: str, message: str) -> None:
    text = f"new lambda.Function(this, 'Fn', {properties});\n"
    assert message in refusal({"a.ts": text}, Wanted(function_name="fn"), Desired(memory_mb=640)).message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("function_name='fn', memory_size=SIZE", "a.py, line 1: memory_size is SIZE, not a plain value"),
        ("function_name='fn', memory_size='512'", "a.py, line 1: memory_size is '512', not a plain value"),
        (
            "function_name='fn', **common",
            "a.py, line 1: more properties come from elsewhere, which may set memory_size",
        ),
        ("memory_size=512", "function 'fn' is not in a.py"),
    ],
)
def test_python(arguments: str, message: str) -> None:
    text = f"_lambda.Function(self, 'Fn', {arguments})\n"
    assert message in refusal({"a.py": text}, Wanted(function_name="fn"), Desired(memory_mb=640)).message


def test_an_architecture_needs_the_name_of_the_module() -> None:
    wanted, desired = Wanted(function_name="fn"), Desired(architecture=Architecture.ARM64)
    for path, text in (
        ("a.ts", "new Function(this, 'Fn', { functionName: 'fn', runtime: Runtime.NODEJS_22_X });\n"),
        ("a.py", "Function(self, 'Fn', function_name='fn', runtime=Runtime.PYTHON_3_13)\n"),
    ):
        message = refusal({path: text}, wanted, desired).message
        assert message == f"{path}, line 1: architecture cannot be added here"


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("a.json", '{"Resources": {}, "Resources": {}}', "line 1 is not clear: the key 'Resources' occurs twice"),
        ("a.json", '{"Resources": {},}', "is not JSON"),
        ("a.json", '{} // "Resources"', "is not JSON"),
        ("a.json", "{}{}", "is not JSON"),
        ("a.json", '{"a": ' * 20_000 + "1" + "}" * 20_000, "is nested too deeply"),
        ("a.json", "[" * 20_000, "is not JSON"),
        ("a.py", "def Function", "line 1 is not Python: "),
        ("a.py", "Function\x00", "is not Python: "),
        ("a.py", "Function = '\ud800'", "is not Python: it holds half a character"),
        ("a.py", "Function" + "(" * 500 + ")" * 500, "a.py, line 1 is not Python: too many nested parentheses"),
        ("a.ts", "class Function {", "a.ts, line 1 is not TypeScript: a parser cannot read it"),
        ("a.js", "Function = '\ud800'", "is not JavaScript: it holds half a character"),
        ("a.yaml", "a: '\ud800'", "is not YAML"),
        ("samconfig.toml", "a = ", "function 'fn' is not in samconfig.toml"),
    ],
)
def test_files_that_cannot_be_read(path: str, text: str, message: str) -> None:
    assert message in refusal({path: text}, Wanted(function_name="fn"), Desired(memory_mb=640)).message


def test_the_kinds_of_errors() -> None:
    wanted, desired = Wanted(function_name=NAME), Desired(memory_mb=640)
    assert isinstance(refusal({"a.tf": ""}, wanted, desired), PlaceNotFound)
    assert isinstance(refusal({"a.tf": "{"}, wanted, desired), PlaceRefused)
    twice = {"a/template.yaml": template(""), "b/template.yaml": template("")}
    error = refusal(twice, wanted, desired)
    assert isinstance(error, PlaceAmbiguous)
    assert error.message.endswith("may be any of Fn (a/template.yaml:3), Fn (b/template.yaml:3)")


def test_the_line_of_a_refusal_is_that_of_the_file_as_it_is() -> None:
    text = template("      Timeout: 3\n      Architectures: [riscv]\n")
    desired = Desired(memory_mb=640, architecture=Architecture.ARM64)
    error = refusal({"template.yaml": text}, Wanted(function_name=NAME), desired)
    assert error.message == "template.yaml, line 8: the architecture of Fn is not a plain value"


@pytest.mark.parametrize("memory_mb", [0, 127, 10_241])
def test_a_size_that_lambda_does_not_offer(memory_mb: int) -> None:
    with pytest.raises(UsageError, match=f"memory size {memory_mb} MB is out of range"):
        Desired(memory_mb=memory_mb)
