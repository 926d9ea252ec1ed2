"""seqgen domains: lists what is installed and what can be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from seqgen.cli.options import json_option
from seqgen.cli.output import print_json

if TYPE_CHECKING:
    from seqgen.contract.discovery import LoadedPlugin
    from seqgen.contract.options import Options


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
    from seqgen.contract.discovery import hidden_plugins, load_all

    for sentence in hidden_plugins():
        click.echo(sentence, err=True)
    domains = load_all()
    if as_json:
        print_json([summary(loaded) for loaded in domains])
        return
    for loaded in domains:
        if loaded.domain is None:
            click.echo(f"{loaded.plugin.name}: broken. {loaded.error}")
        else:
            first_line = next(iter((loaded.domain.__doc__ or "").strip().splitlines()), "")
            click.echo(f"{loaded.plugin.name}: {first_line} Reads {' '.join(loaded.domain.reads) or 'any file'}.")


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
    from seqgen.contract.discovery import load_domain

    domain = load_domain(name)
    description: dict[str, Any] = {
        "name": domain.name,
        "summary": (domain.__doc__ or "").strip(),
        "reads": list(domain.reads),
        "capabilities": domain().capabilities(),
        "settings": fields(domain.Settings),
        "constraints": fields(domain.Constraints),
    }
    if as_json:
        print_json(description)
        return
    click.echo(f"{domain.name}: {description['summary']}")
    click.echo(f"reads: {' '.join(domain.reads) or 'any file'}")
    click.echo("\ncapabilities")
    for capability, methods in description["capabilities"].items():
        click.echo(f"  {capability:<13} {', '.join(methods) or 'the default'}")
    for kind, command_name in (("settings", "train"), ("constraints", "sample")):
        click.echo(f"\n{kind} (seqgen {command_name} --set KEY=VALUE)")
        width = max((len(key) for key in description[kind]), default=0)
        for key, field in description[kind].items():
            default = "" if field["default"] is None else f" (default {field['default']})"
            click.echo(f"  {key:<{width}} {field['description'] or field['type']}{default}")


def fields(options: type[Options]) -> dict[str, dict[str, Any]]:
    """Returns the type, default and description of each field by its name."""
    return {
        key: {
            "type": getattr(field.annotation, "__name__", None) or str(field.annotation).replace("typing.", ""),
            "default": None if field.is_required() else field.get_default(call_default_factory=True),
            "description": field.description or "",
        }
        for key, field in options.model_fields.items()
    }
