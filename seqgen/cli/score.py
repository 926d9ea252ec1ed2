"""seqgen score: how likely a model finds given files, and where it is surprised."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.common import bundled_only, json_option, print_json

MOST_SURPRISING = 5


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def score(context: click.Context, run: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Nats a token and perplexity of FILES under the model in RUN, and the most surprising places."""
    import numpy as np

    from seqgen.trained import load

    trained = load(run, bundled_only=bundled_only(context))
    names, unit = trained.domain.vocabulary, trained.domain.unit
    scores = []
    for file in files:
        for one in trained.score(file):
            places = np.argsort(-one.nats, kind="stable")[:MOST_SURPRISING]
            surprises = [
                {"position": int(place), "token": names[int(one.ids[place])], "nats": round(float(one.nats[place]), 3)}
                for place in places
            ]
            scores.append({"file": str(file), "tokens": one.tokens, "nats_per_token": one.nats_per_token,
                           "perplexity": float(np.exp(one.nats_per_token)), "surprises": surprises})  # fmt: skip
            if not as_json:
                click.echo(f"{file}: {one.nats_per_token:.4f} nats a {unit}, perplexity "
                           f"{np.exp(one.nats_per_token):.2f}, {one.tokens:.0f} tokens")  # fmt: skip
                for surprise in surprises:
                    click.echo(f"  {surprise['nats']:7.3f} nats: {surprise['token']} at {surprise['position']}")
    if as_json:
        print_json({"scores": scores})
