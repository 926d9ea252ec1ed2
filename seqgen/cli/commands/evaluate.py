"""seqgen evaluate: compares a trained model with baselines on held-out data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seqgen.cli.options import json_option
from seqgen.cli.output import flush, print_json, print_line, print_table

MAX_ROWS = 12
"""A larger table of the domain's is left to `--json`."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="The seed of the samples that are measured.")
@json_option
def command(run: Path, seed: int, as_json: bool) -> None:
    """Compare the model in RUN with baselines on held-out data.

    New samples are compared with held-out data too, by the metrics of the domain. The report
    also names the longest passage of each sample that occurs in the training split, and where.
    """
    from seqgen.workflows.evaluate import evaluate

    report: dict[str, Any] = {}

    def print_part(part: dict[str, Any]) -> None:
        report.update(part)
        for name, print_value in PARTS.items():
            if name in part and not as_json:
                print_value(report)
        flush()

    try:
        evaluate(run, seed=seed, on_part=print_part)
    finally:
        # What was computed before an error is printed.
        if as_json and report:
            print_json(report)


def print_likelihood(report: dict[str, Any]) -> None:
    """Prints the cross-entropy of the model and the baselines."""
    unit = report["unit"]
    rows = [["this model", f"{report['nats']:.4f}"]]
    rows += [[f"{name} (counting)", f"{nats:.4f}"] for name, nats in report["baselines"].items()]
    size = f"{report['documents']} documents, {report['tokens']:,.0f} tokens"
    print_table(f"{report['split']} split, never trained on: {size}", ["", f"nats a {unit}"], rows)
    print_line(f"perplexity {report['perplexity']:.2f} a {unit}")


def print_bits(report: dict[str, Any]) -> None:
    """Prints the bits for each unit of the domain."""
    for unit, bits in report["bits"].items():
        print_line(f"{bits:.4f} bits a {unit}")


def print_copies(report: dict[str, Any]) -> None:
    """Prints how much of the samples is copied from the training split, and from where."""
    unit = report["unit"]
    print_side_by_side(f"longest passage that occurs in the training split, in {unit}s", report["novelty"], 1)
    copies = [
        [copy["sample"], str(copy["length"]), location(copy), "yes" if copy["word_for_word"] else "no"]
        for copy in report["copies"]
        if copy["length"]
    ]
    print_table("where it occurs", ["sample", f"{unit}s", "from", "word for word"], copies)


def location(copy: dict[str, Any]) -> str:
    """Returns the source of a copy, the document in it, and how far into the document the copy starts."""
    offsets = list(copy["source_at"].items())
    # The first unit is a token. A unit of the domain, such as a second, says more.
    unit, offset = offsets[1] if len(offsets) > 1 else offsets[0]
    name = f" ({copy['metadata']['id']})" if "id" in copy["metadata"] else ""
    return f"{copy['source']}, document {copy['document']}{name}, {unit} {offset:g}"


def print_metrics(report: dict[str, Any]) -> None:
    """Prints the metrics of the domain."""
    if report["metrics"]:
        print_side_by_side("new samples beside held-out data", report["metrics"], 3)


def print_answers(report: dict[str, Any]) -> None:
    """Prints the numbers that measure the model's answers, and each small table of them."""
    answers = report["answers"]
    numbers = [[name, f"{value:.3f}"] for name, value in answers.items() if not isinstance(value, dict)]
    if numbers:
        print_table("answers on held-out data", ["", ""], numbers)
    for name, table in answers.items():
        if isinstance(table, dict) and len(table) <= MAX_ROWS:
            columns = sorted({column for cells in table.values() for column in cells})
            rows = [[row, *(str(cells.get(column, 0)) for column in columns)] for row, cells in table.items()]
            print_table(name, ["", *columns], rows)


def print_side_by_side(title: str, values: dict[str, float], digits: int) -> None:
    """Prints values with names such as "polyphony, samples": a row for each metric, a column for each side."""
    rows: dict[str, dict[str, str]] = {}
    for name, value in values.items():
        metric, _, side = name.rpartition(", ")
        rows.setdefault(metric or side, {})[side if metric else ""] = f"{value:.{digits}f}"
    sides = list(dict.fromkeys(side for row in rows.values() for side in row))
    print_table(title, ["", *sides], [[metric, *(row.get(side, "") for side in sides)] for metric, row in rows.items()])


PARTS = {
    "nats": print_likelihood,
    "bits": print_bits,
    "copies": print_copies,
    "metrics": print_metrics,
    "answers": print_answers,
}
"""What prints a part of the report, by a value of that part."""
