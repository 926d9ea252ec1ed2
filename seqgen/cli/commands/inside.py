"""seqgen inside: draws the gates and states of a model that reads a file, and lists what its units follow."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from seqgen.cli.options import json_option
from seqgen.cli.output import print_json, print_line, print_table


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Draw into this folder.")
@json_option
def command(run: Path, file: Path, out: Path, as_json: bool) -> None:
    """Draw what happens inside the model in RUN while it reads the first document of FILE.

    There is a picture of the gates and states of each layer, of attention, of how far back gradients reach beside
    untrained cells, and of units that follow something with a name, such as the position in the bar or the depth of
    brackets. These units are listed with their correlation.
    """
    from seqgen.files import remove_unfinished
    from seqgen.workflows.load import load

    trained = load(run)
    remove_unfinished(out)
    # TensorFlow takes seconds to import. Faults of the model's files are found before.
    from seqgen.workflows.inside_report import write_inside_report

    report = write_inside_report(trained, file, out)
    if as_json:
        units = [asdict(unit) for unit in report.units]
        print_json({"tokens": report.tokens, "files": [str(path) for path in report.files], "units": units})
        return
    rows = [[unit.feature, str(unit.layer + 1), str(unit.unit), f"{unit.correlation:+.3f}"] for unit in report.units]
    print_table(f"What units follow over {report.tokens} tokens", ["", "layer", "unit", "correlation"], rows)
    for path in report.files:
        print_line(path)
