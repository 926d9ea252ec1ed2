"""seqgen score: how likely a model finds given files, and where it is surprised."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seqgen.cli.common import json_option, print_json

if TYPE_CHECKING:
    from seqgen.contract.domain import Vocabulary
    from seqgen.workflows.samples import Score

MOST_SURPRISING = 5


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dynamic", is_flag=True, help="Dynamic evaluation: let the model go on learning within each document.")
@click.option("--cache", type=int, metavar="SIZE", help="Neural cache: let it look back at its last SIZE tokens.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Draw each document of a file in this folder.")
@json_option
@click.pass_context
def score(context: click.Context, run: Path, sources: tuple[Path, ...], dynamic: bool, cache: int | None,
          out: Path | None, as_json: bool) -> None:  # fmt: skip
    """Nats a token and perplexity of SOURCES under the model in RUN.

    SOURCES are files, told document by document with their most surprising places, or corpora that 'build' or 'train'
    made (RUN/corpus), of which the held-out documents are told together.
    """
    from seqgen.corpus.storage.store import is_corpus
    from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation
    from seqgen.engine.scoring.neural_cache import NeuralCache
    from seqgen.workflows.load import load

    trained = load(run)
    following = DynamicEvaluation() if dynamic else None
    remembering = None if cache is None else NeuralCache(cache)
    told: list[dict[str, Any]] = []

    def tell(source: Path, documents: int, nats: float, tokens: float, **more: Any) -> None:
        mean = nats / max(tokens, 1.0)
        perplexity = math.exp(min(mean, 700.0))
        told.append({"file": str(source), "documents": documents, "tokens": tokens, "nats_per_token": mean,
                     "perplexity": perplexity, "surprises": [], **more})  # fmt: skip
        if as_json:
            return
        click.echo(f"{source}: {mean:.4f} nats a {trained.domain.unit}, perplexity {perplexity:.2f}, "
                   f"{tokens:.0f} tokens{f' in {documents} documents' if documents > 1 else ''}")  # fmt: skip
        for surprise in told[-1]["surprises"]:
            click.echo(f"  {surprise['nats']:7.3f} nats: {surprise['token']} at {surprise['position']}")
        if "picture" in more:
            click.echo(f"  drawn in {more['picture']}")

    for source in sources:
        scores = trained.score(source, dynamic=following, cache=remembering)
        if is_corpus(source):
            documents, nats, tokens = 0, 0.0, 0.0
            for one in scores:
                documents, nats, tokens = documents + 1, nats + float(one.nats.sum()), tokens + one.tokens
            tell(source, documents, nats, tokens)
        else:
            for one in scores:
                # Numbered through all sources: files of one name may lie in several folders.
                name = f"{source.stem}-{len(told) + 1}"
                drawn = {} if out is None else {"picture": str(trained.draw(one, out / name))}
                surprises = surprising(one, trained.domain.vocabulary)
                tell(source, 1, float(one.nats.sum()), one.tokens, surprises=surprises, **drawn)
    if as_json:
        print_json({"scores": told})


def surprising(score: Score, names: Vocabulary) -> list[dict[str, Any]]:
    """The places where a document costs most, the dearest first."""
    places = sorted(range(len(score.ids)), key=lambda place: -score.nats[place])[:MOST_SURPRISING]
    return [
        {"position": place, "token": names[int(score.ids[place])], "nats": round(float(score.nats[place]), 3)}
        for place in places
    ]
