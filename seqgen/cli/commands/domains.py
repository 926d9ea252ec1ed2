"""seqgen domains: lists what is installed and what can be set."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click

from seqgen.cli.options import json_option
from seqgen.cli.output import print_json, print_line, print_lines, print_message

if TYPE_CHECKING:
    from seqgen.contract.discovery import LoadedPlugin
    from seqgen.contract.options import Options

MAX_WIDTH = 110


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the kinds of data that can be read.

    With NAME, list the capabilities, settings and constraints of one domain.
    """
    if name is None:
        print_domains(as_json)
    else:
        print_domain(name, as_json)


def print_domains(as_json: bool) -> None:
    """Prints a line for each domain, broken ones included."""
    from seqgen.contract.discovery import hidden_domains, load_all
    from seqgen.contract.plugins import faults_of_announcements

    for sentence in (*hidden_domains(), *faults_of_announcements()):
        print_message(sentence)
    domains = load_all()
    if as_json:
        print_json([summary(loaded) for loaded in domains])
        return
    for loaded in domains:
        if loaded.domain is None:
            print_line(f"{loaded.plugin.name}: broken. {loaded.error}")
        else:
            first_line = next(iter((loaded.domain.__doc__ or "").strip().splitlines()), "")
            print_line(f"{loaded.plugin.name}: {first_line} Reads {' '.join(loaded.domain.reads) or 'any file'}.")


def summary(loaded: LoadedPlugin) -> dict[str, Any]:
    """Returns one domain as JSON values."""
    return {
        "name": loaded.plugin.name,
        "distribution": loaded.plugin.distribution,
        "version": loaded.plugin.version,
        "reads": list(loaded.domain.reads) if loaded.domain else None,
        "error": loaded.error,
    }


def print_domain(name: str, as_json: bool) -> None:
    """Prints what one domain reads, offers, can be set to, and can be asked for."""
    from seqgen.contract.capabilities import Defaults
    from seqgen.contract.discovery import load_domain
    from seqgen.contract.renderers import with_renderers

    domain = load_domain(name)
    default = with_renderers(domain())
    defaults = default.defaults or Defaults()
    description: dict[str, Any] = {
        "name": domain.name,
        "summary": inspect.cleandoc(domain.__doc__ or ""),
        "reads": list(domain.reads),
        "renderings": list(default.display.renderings) if default.display else [],
        "capabilities": default.capabilities(),
        "default_settings": dict(defaults.settings()),
        "default_constraints": dict(defaults.constraints({})),
        "default_sampling": dict(defaults.sampling()),
        "settings": fields(domain.Settings),
        "constraints": fields(domain.Constraints),
    }
    if as_json:
        print_json(description)
    else:
        print_lines(described(description).rstrip("\n"))


def described(description: dict[str, Any]) -> str:
    """Returns the description of a domain as text, wrapped like a help text."""
    formatter = click.HelpFormatter(max_width=MAX_WIDTH)
    formatter.write_text(f"{description['name']}: {description['summary']}")
    formatter.write_paragraph()
    formatter.write_dl(
        [
            ("reads", " ".join(description["reads"]) or "any file"),
            ("renders", " ".join(description["renderings"]) or "nothing"),
        ]
    )
    with formatter.section("Capabilities"):
        formatter.write_dl(
            [(name, ", ".join(methods) or "the default") for name, methods in description["capabilities"].items()]
        )
    if description["default_settings"]:
        with formatter.section("Defaults of the model and its training"):
            formatter.write_dl([(key, str(value)) for key, value in description["default_settings"].items()])
    of_sampling = {**description["default_constraints"], **description["default_sampling"]}
    if of_sampling:
        with formatter.section("Defaults of sampling"):
            formatter.write_dl([(key, str(value)) for key, value in of_sampling.items()])
    for kind, command_name in (("settings", "train"), ("constraints", "sample")):
        rows = [(key, help_of(field)) for key, field in description[kind].items()]
        if rows:
            with formatter.section(f"{kind.capitalize()} (seqgen {command_name} --set KEY=VALUE)"):
                formatter.write_dl(rows)
    return formatter.getvalue()


def help_of(field: dict[str, Any]) -> str:
    """Returns the description of one option, with its default if it has one."""
    default = "" if field["default"] is None else f"  [default: {field['default']}]"
    choices = f" ({field['type']})" if " | " in field["type"] and field["description"] else ""
    return f"{field['description'] or field['type']}{choices}{default}"


def fields(options: type[Options]) -> dict[str, dict[str, Any]]:
    """Returns the type, default and description of each field by its name."""
    from seqgen.contract.options import type_name

    return {
        key: {
            "type": type_name(field.annotation),
            "default": None if field.is_required() else field.get_default(call_default_factory=True),
            "description": field.description or "",
        }
        for key, field in options.model_fields.items()
    }
