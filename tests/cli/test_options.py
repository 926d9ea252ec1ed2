"""`--set key=value`: what it accepts and what it refuses."""

from __future__ import annotations

import click
import pytest

from seqgen import UsageError
from seqgen.cli.options import parse_numbers, parse_settings

PARAMETER = click.Option(["--set"])


def parse(*pairs: str) -> dict[str, str]:
    return parse_settings(click.Context(click.Command("any")), PARAMETER, pairs)


def test_a_value_may_be_empty_and_may_contain_an_equals_sign():
    assert parse("a=1", "b=", "c=x=y") == {"a": "1", "b": "", "c": "x=y"}


@pytest.mark.parametrize(
    ("pairs", "sentence"), [(["a"], "key=value"), (["=a"], "key=value"), (["a=1", "a=2"], "given twice")]
)
def test_a_pair_that_cannot_be_read_is_refused(pairs, sentence):
    with pytest.raises(UsageError, match=sentence):
        parse(*pairs)


def test_numbers_are_floats_and_errors_name_the_option():
    context, parameter = click.Context(click.Command("any")), click.Option(["--filter"])
    assert parse_numbers(context, parameter, ("typical=0.9", "eta=1e-3")) == {"typical": 0.9, "eta": 1e-3}
    for pair, sentence in (
        ("typical=much", "--filter takes a number: .*'much'"),
        ("typical", "--filter takes key=value"),
    ):
        with pytest.raises(UsageError, match=sentence):
            parse_numbers(context, parameter, (pair,))
