"""seqgen evaluate: a trained model beside baselines, on data it has not seen."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.common import bundled_only, json_option, print_json, table

MOST_SHOWN = 12
"""Rows of a table that is printed; `--json` has larger ones."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Of the samples that the domain's metrics are measured on.")
@json_option
@click.pass_context
def evaluate(context: click.Context, run: Path, seed: int, as_json: bool) -> None:
    """Held-out likelihood of the model in RUN beside baselines, and the domain's own metrics of new samples."""
    from seqgen.project import evaluate as evaluate_run

    result = evaluate_run(run, bundled_only=bundled_only(context), seed=seed)
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
    copied = [[name, f"{value:.1f}"] for name, value in result["novelty"].items()]
    table(f"longest passage that stands in the training split, in {result['unit']}s", ["", ""], copied)
    if result["metrics"]:
        table("new samples beside held-out data", ["", ""], [[k, f"{v:.3f}"] for k, v in result["metrics"].items()])
    answers = result["answers"]
    numbers = [[name, f"{value:.3f}"] for name, value in answers.items() if not isinstance(value, dict)]
    if numbers:
        table("answers on held-out data", ["", ""], numbers)
    for name, rows_of in answers.items():
        if isinstance(rows_of, dict) and len(rows_of) <= MOST_SHOWN:
            columns = sorted({column for row in rows_of.values() for column in row})
            shown = [[row, *(str(cells.get(column, 0)) for column in columns)] for row, cells in rows_of.items()]
            table(name, ["", *columns], shown)
