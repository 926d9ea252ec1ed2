"""seqgen evaluate: a trained model beside baselines, on data it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seqgen.cli.common import json_option, print_json, table

MOST_SHOWN = 12
"""Rows of a table that is printed; `--json` has larger ones."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Of the samples that the domain's metrics are measured on.")
@json_option
@click.pass_context
def evaluate(context: click.Context, run: Path, seed: int, as_json: bool) -> None:
    """Held-out likelihood of the model in RUN beside baselines, and the domain's own metrics of new samples.

    The longest passage of each sample that stands in the training split is told too, and where it stands.
    """
    from seqgen.workflows.evaluate import evaluate as evaluate_run

    result = evaluate_run(run, seed=seed)
    if as_json:
        print_json(result)
        return
    rows = [["this model", f"{result['nats']:.4f}"]]
    rows += [[f"{name} (counting)", f"{nats:.4f}"] for name, nats in result["baselines"].items()]
    title = (
        f"{result['split']} split: {result['documents']} documents, {result['tokens']:,.0f} tokens, never trained on"
    )
    table(title, ["", f"nats a {result['unit']}"], rows)
    click.echo(f"perplexity {result['perplexity']:.2f} a {result['unit']}")
    for unit, bits in result["bits"].items():
        click.echo(f"{bits:.4f} bits a {unit}")
    side_by_side(f"longest passage that stands in the training split, in {result['unit']}s", result["novelty"], 1)
    copies = [
        [copy["sample"], str(copy["length"]), _where(copy), "yes" if copy["word_for_word"] else "no"]
        for copy in result["copies"]
        if copy["length"]
    ]
    table("where it stands", ["sample", f"{result['unit']}s", "from", "word for word"], copies)
    if result["metrics"]:
        side_by_side("new samples beside held-out data", result["metrics"], 3)
    answers = result["answers"]
    numbers = [[name, f"{value:.3f}"] for name, value in answers.items() if not isinstance(value, dict)]
    if numbers:
        table("answers on held-out data", ["", ""], numbers)
    for name, rows_of in answers.items():
        if isinstance(rows_of, dict) and len(rows_of) <= MOST_SHOWN:
            columns = sorted({column for row in rows_of.values() for column in row})
            shown = [[row, *(str(cells.get(column, 0)) for column in columns)] for row, cells in rows_of.items()]
            table(name, ["", *columns], shown)


def _where(copy: dict[str, Any]) -> str:
    """A source, which of its documents, and how far into it."""
    place = copy["source_at"]
    unit, passed = list(place.items())[1 if len(place) > 1 else 0]
    return f"{copy['source']}, document {copy['document']}, {unit} {passed:g}"


def side_by_side(title: str, values: dict[str, float], digits: int) -> None:
    """A table of values called "what, side": a row for each `what`, a column for each side."""
    rows: dict[str, dict[str, str]] = {}
    for name, value in values.items():
        what, _, side = name.rpartition(", ")
        rows.setdefault(what or side, {})[side if what else ""] = f"{value:.{digits}f}"
    sides = list(dict.fromkeys(side for row in rows.values() for side in row))
    table(title, ["", *sides], [[what, *(row.get(side, "") for side in sides)] for what, row in rows.items()])
