"""seqgen studio: a page in the browser, on which a model is seen, heard, played and looked into."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from seqgen.cli.output import flush, print_line
from seqgen.errors import UsageError


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--takes", type=click.Path(file_okay=False, path_type=Path),
              help="Keep the takes in this folder, so that they are there after a restart.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the page.  [default: 8765, or a free one]")
@click.option("--open/--no-open", "opens", default=True, help="Open the page in the browser.")
def command(run: Path | None, takes: Path | None, port: int | None, opens: bool) -> None:
    """Play with a model in the browser: draw, listen, fill in, compare, and look inside.

    RUN is a run, a bundle, a folder of runs, or the name of a model. Without it, the models that come with seqgen are
    offered. The page is served to this machine alone, and only to who has its address. Ctrl-C ends it.
    """
    try:
        from seqgen.studio.server import serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The studio needs {error.name}; install it by: pip install 'seqgen-framework[studio]'."
        ) from error

    def report(address: str) -> None:
        print_line(f"The studio is at {address}")
        print_line("Press Ctrl-C to end it.")
        flush()
        if opens and has_desktop():
            import webbrowser

            webbrowser.open(address)

    serve(run, takes=takes, port=port, report=report)


def has_desktop() -> bool:
    """Whether a browser can have a window of its own. A browser in the terminal would cover the address."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
