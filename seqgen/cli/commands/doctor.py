"""seqgen doctor: prints what a bug report needs, or verifies the files of a run."""

from __future__ import annotations

import os
from pathlib import Path

import click

import seqgen
from seqgen.cli.options import json_option
from seqgen.cli.output import print_json, print_line

PACKAGES = ("tensorflow", "keras", "numpy", "pluggy", "pydantic", "safetensors", "pretty_midi", "music21", "symusic")


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@json_option
def command(run: Path | None, as_json: bool) -> None:
    """Print what a bug report needs: versions, devices and plugins.

    With RUN (a run, a bundle or a corpus), verify the checksums of its files instead.
    """
    if run is not None:
        from seqgen.workflows.verification import verify

        verified = verify(run)
        if as_json:
            print_json({"verified": verified})
        else:
            for name in verified:
                print_line(f"intact: {name}")
            print_line(f"{len(verified)} files are intact.")
        return
    import platform

    from seqgen.contract.discovery import load_all
    from seqgen.engine.devices import device_names

    plugins = load_all()
    report = {
        "seqgen": seqgen.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "packages": {package: installed_version(package) for package in PACKAGES},
        "devices": device_names(),
        "plugins": {str(loaded.plugin): loaded.error or "works" for loaded in plugins},
    }
    if as_json:
        print_json(report)
        return
    for name, value in report.items():
        if isinstance(value, dict):
            print_line(f"{name}:")
            for key, detail in value.items():
                print_line(f"  {key}: {detail}")
        else:
            print_line(f"{name}: {value}")


def installed_version(package: str) -> str:
    """Returns the version of an installed package, or "missing"."""
    import importlib.metadata

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"
