"""seqgen domains: what is installed, and what can be set."""

from __future__ import annotations

from typing import Any

import click

from seqgen.cli.common import json_option, print_json


@click.command()
@click.argument("name", required=False)
@json_option
def domains(name: str | None, as_json: bool) -> None:
    """What kinds of data can be read; with NAME, what of one can be set and asked for."""
    if name is not None:
        _show_one(name, as_json)
        return
    from seqgen.contract.discovery import hidden_plugins, load_all

    loaded = load_all()
    if as_json:
        print_json(
            [
                {
                    "name": one.plugin.name,
                    "distribution": one.plugin.distribution,
                    "version": one.plugin.version,
                    "reads": list(one.domain.reads) if one.domain else None,
                    "error": one.error,
                }
                for one in loaded
            ]
        )
        return
    for sentence in hidden_plugins():
        click.echo(sentence, err=True)
    for one in loaded:
        if one.domain is None:
            click.echo(f"{one.plugin.name}: broken. {one.error}")
        else:
            summary = next(iter((one.domain.__doc__ or "").strip().splitlines()), "")
            click.echo(f"{one.plugin.name}: {summary} Reads {' '.join(one.domain.reads) or 'any file'}.")


def _show_one(name: str, as_json: bool) -> None:
    from seqgen.contract.discovery import load_domain

    domain = load_domain(name)
    described: dict[str, Any] = {
        "name": domain.name,
        "summary": (domain.__doc__ or "").strip(),
        "reads": list(domain.reads),
        "capabilities": domain().capabilities(),
        "settings": _fields(domain.Settings),
        "constraints": _fields(domain.Constraints),
    }
    if as_json:
        print_json(described)
        return
    click.echo(f"{domain.name}: {described['summary']}")
    click.echo(f"reads: {' '.join(domain.reads) or 'any file'}")
    click.echo("\ncapabilities")
    for attribute, methods in described["capabilities"].items():
        click.echo(f"  {attribute:<13} {', '.join(methods) or 'the default'}")
    for kind, command in (("settings", "train"), ("constraints", "sample")):
        click.echo(f"\n{kind} (seqgen {command} --set KEY=VALUE)")
        width = max((len(key) for key in described[kind]), default=0)
        for key, field in described[kind].items():
            default = "" if field["default"] is None else f" (default {field['default']})"
            click.echo(f"  {key:<{width}} {field['description'] or field['type']}{default}")


def _fields(options: Any) -> dict[str, dict[str, Any]]:
    return {
        key: {
            "type": getattr(field.annotation, "__name__", None) or str(field.annotation).replace("typing.", ""),
            "default": None if field.is_required() else field.get_default(call_default_factory=True),
            "description": field.description or "",
        }
        for key, field in options.model_fields.items()
    }
