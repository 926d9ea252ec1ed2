"""seqgen doctor: what to paste into a bug report."""

from __future__ import annotations

import importlib.metadata
import os
import platform

import click

import seqgen
from seqgen.cli.common import json_option, print_json

PACKAGES = ("tensorflow", "keras", "numpy", "pluggy", "pydantic", "safetensors", "pretty_midi", "music21", "symusic")


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Versions, devices and plugins: what to paste into a bug report."""
    from seqgen.contract.discovery import load_all
    from seqgen.engine.devices import devices

    report = {
        "seqgen": seqgen.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
        "devices": devices(),
        "plugins": {str(one.plugin): one.error or "works" for one in load_all()},
    }
    if as_json:
        print_json(report)
        return
    for key, value in report.items():
        if isinstance(value, dict):
            value = "".join(f"\n  {name}: {detail}" for name, detail in value.items())
        click.echo(f"{key}: {value}")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"
