"""seqgen corpora: lists the recipes for real data."""

from __future__ import annotations

import click

from seqgen.cli.options import json_option
from seqgen.cli.output import print_json, print_line


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
        print_line(f"{recipe.name} (domain {recipe.domain}): {recipe.description}")
        if recipe.name in pretrained_names():
            print_line(f"  A trained model comes with seqgen: seqgen sample {recipe.name} -o out")
        if name:
            print_line(f"licence: {recipe.licence}")
            print_line(f"source:  {recipe.source}")
            print_line(f"split:   train {recipe.split.train}, valid {recipe.split.valid}, test {recipe.split.test}")
