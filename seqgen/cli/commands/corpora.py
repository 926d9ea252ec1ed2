"""seqgen corpora: lists the recipes for real data."""

from __future__ import annotations

import click

from seqgen.cli.options import json_option
from seqgen.cli.output import print_json


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the recipes for real data.

    'build' and 'train' take the NAME of a recipe in place of files.
    """
    from seqgen.corpus.recipes.recipes import find_recipe, recipes
    from seqgen.models.bundle import pretrained_names

    chosen = [find_recipe(name)] if name else list(recipes().values())
    if as_json:
        print_json([recipe.model_dump(mode="json") for recipe in chosen])
        return
    for recipe in chosen:
        click.echo(f"{recipe.name} (domain {recipe.domain}): {recipe.description}")
        if recipe.name in pretrained_names():
            click.echo(f"  A trained model comes with seqgen: seqgen sample {recipe.name} -o out")
        if name:
            click.echo(f"licence: {recipe.licence}")
            click.echo(f"source:  {recipe.source}")
            click.echo(f"split:   train {recipe.split.train}, valid {recipe.split.valid}, test {recipe.split.test}")
