"""How callers name functions."""

from factories import make_embedded_function

from powertune.local.functions import split_name


def test_names() -> None:
    arn = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f"
    assert split_name("f") == split_name(arn) == split_name("123456789012:function:f") == ("f", None)
    assert split_name("f:live") == split_name(f"{arn}:live") == ("f", "live")
    assert split_name("a:b:c") == ("a:b:c", None)
    assert make_embedded_function().cpus == 128 / 1769
