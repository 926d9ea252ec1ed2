"""Options that several commands share."""

from __future__ import annotations

import click

from seqgen.cli.argument_checks import check_argument
from seqgen.errors import UsageError


def parse_settings(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Returns `key=value` pairs as a dictionary. Raises UsageError for a missing key or '=', and for a repeated key."""
    settings: dict[str, str] = {}
    for pair in values:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{parameter.opts[0]} takes key=value, not {pair!r}.")
        if key in settings:
            raise UsageError(f"{parameter.opts[0]} {key} is given twice; give it once.")
        settings[key] = value
    return settings


def parse_numbers(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """Returns `key=number` pairs as a dictionary. Raises UsageError as `parse_settings`, and for what is no number."""
    try:
        numbers = {key: float(value) for key, value in parse_settings(context, parameter, values).items()}
    except ValueError as error:
        raise UsageError(f"{parameter.opts[0]} takes a number: {error}.") from error
    for number in numbers.values():
        check_argument(parameter, number)
    return numbers


set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    callback=parse_settings,
    help="Set one setting. Repeat it for more.",
)
valid_option = click.option(
    "--valid",
    multiple=True,
    type=click.Path(),
    metavar="PATH",
    help="Validation data, in place of a share of SOURCES. Repeat it for more.",
)
test_option = click.option(
    "--test",
    multiple=True,
    type=click.Path(),
    metavar="PATH",
    help="Test data for 'evaluate', in place of a share of SOURCES. Repeat it for more.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
