"""Tests each plugin that is a distribution of its own in an environment of its own, against the wheels.

    python .ci/check_plugins.py [NAME]…

Builds the wheel of seqgen and the wheels of the plugins (default: all of them). Each plugin gets a new virtual
environment with the two wheels and what they require, and its tests run there on a copy, so that no file of the source
tree is imported. Takes some minutes and some gigabytes for each plugin, most of it for the installation of TensorFlow.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLUGINS = {path.parent.name: path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))}
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


def run(*command: str | Path, folder: Path = ROOT) -> None:
    """Runs a command without the caller's PYTHONPATH. Raises CalledProcessError."""
    print("+", *command, flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    subprocess.run(command, cwd=folder, env=environment, check=True)


def build_wheel(source: Path, folder: Path) -> Path:
    """Builds the wheel of a distribution into a new folder, and returns it."""
    run(sys.executable, *PIP, "wheel", "--no-deps", "-w", folder, source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check(plugin: Path, seqgen_wheel: Path, folder: Path) -> None:
    """Tests one plugin in a new environment inside `folder`. Raises CalledProcessError."""
    wheel = build_wheel(plugin, folder / "wheel")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    run(python, *PIP, "install", "-c", constraints, f"{seqgen_wheel}[kit]", f"{wheel}[test]")
    shutil.copytree(plugin / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    run(python, "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", "tests", folder=folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"plugins to test: {', '.join(PLUGINS)}")
    arguments = parser.parse_args()
    unknown = sorted({*arguments.names} - {*PLUGINS})
    if unknown:
        parser.error(f"no plugin {unknown[0]!r} has a pyproject.toml; there are {', '.join(PLUGINS)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        seqgen_wheel = build_wheel(ROOT, folder / "seqgen")
        failed = []
        for name in arguments.names or PLUGINS:
            try:
                check(PLUGINS[name], seqgen_wheel, folder / name)
            except subprocess.CalledProcessError as error:
                print(f"{name}: {error}", flush=True)
                failed.append(name)
            shutil.rmtree(folder / name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")
    print(f"passed, each in an environment of its own: {', '.join(arguments.names or PLUGINS)}")


if __name__ == "__main__":
    main()
