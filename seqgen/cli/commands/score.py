"""seqgen score: prints how likely given files are under a model, and where it is surprised."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seqgen.cli.options import json_option
from seqgen.cli.output import print_json, print_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seqgen.contract.vocabulary import Vocabulary
    from seqgen.workflows.results import DocumentScore

MAX_SURPRISES = 5
MAX_EXPONENT = 700.0
"""`math.exp` of more overflows."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dynamic", is_flag=True, help="Dynamic evaluation: the model keeps learning within each document.")
@click.option("--cache", type=int, metavar="SIZE", help="Neural cache: the model looks back at its last SIZE tokens.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Draw each document of a file into this folder.")
@json_option
def command(run: Path, sources: tuple[Path, ...], dynamic: bool, cache: int | None,
            out: Path | None, as_json: bool) -> None:  # fmt: skip
    """Print how likely SOURCES are under the model in RUN.

    The result is the cross-entropy in nats a token, and the perplexity. A source is a file or a corpus. Each document
    of a file is reported with its most surprising tokens. The held-out documents of a corpus (made by 'build', or
    RUN/corpus) are reported together.
    """
    from seqgen.contract.plugins import report_broken_plugins
    from seqgen.corpus.storage.store import is_corpus
    from seqgen.files import remove_unfinished
    from seqgen.workflows.load import load

    trained = load(run)
    if out is not None:
        remove_unfinished(out)
    # TensorFlow takes seconds to import. Faults of the model's files are found before.
    from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation
    from seqgen.engine.scoring.neural_cache import NeuralCache

    dynamic_evaluation = DynamicEvaluation() if dynamic else None
    neural_cache = None if cache is None else NeuralCache(cache)

    def reports() -> Iterator[dict[str, Any]]:
        # Numbers go on across sources: files in several folders may have the same name.
        number = 0
        for source in sources:
            scores = trained.score(source, dynamic=dynamic_evaluation, cache=neural_cache)
            if is_corpus(source):
                number += 1
                yield corpus_report(source, scores)
                continue
            for score in scores:
                number += 1
                report = file_report(source, score, trained.domain.vocabulary)
                if out is not None:
                    # The numbers are right even if the plugin cannot draw them.
                    with report_broken_plugins():
                        report["picture"] = str(trained.draw_surprise(score, out / f"{source.stem}-{number}"))
                yield report

    if as_json:
        print_json({"scores": list(reports())})
    else:
        for report in reports():
            print_report(report, trained.domain.unit)


def corpus_report(source: Path, scores: Iterator[DocumentScore]) -> dict[str, Any]:
    """Returns the likelihood of all documents together."""
    documents, nats, tokens = 0, 0.0, 0.0
    for score in scores:
        documents, nats, tokens = documents + 1, nats + float(score.nats.sum()), tokens + score.tokens
    return {**likelihood(source, documents, nats, tokens), "surprises": []}


def file_report(source: Path, score: DocumentScore, vocabulary: Vocabulary) -> dict[str, Any]:
    """Returns the likelihood of one document and its most surprising tokens."""
    return {**likelihood(source, 1, float(score.nats.sum()), score.tokens), "surprises": surprises(score, vocabulary)}


def likelihood(source: Path, documents: int, nats: float, tokens: float) -> dict[str, Any]:
    """Returns counts, nats a token and perplexity as JSON values."""
    nats_per_token = nats / max(tokens, 1.0)
    return {
        "file": str(source),
        "documents": documents,
        "tokens": tokens,
        "nats_per_token": nats_per_token,
        "perplexity": math.exp(min(nats_per_token, MAX_EXPONENT)),
    }


def surprises(score: DocumentScore, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """Returns the tokens with the lowest probability, the lowest first."""
    positions = (-score.nats).argsort(kind="stable")[:MAX_SURPRISES].tolist()
    return [
        {
            "position": position,
            "token": vocabulary[int(score.ids[position])],
            "nats": round(float(score.nats[position]), 3),
        }
        for position in positions
    ]


def print_report(report: dict[str, Any], unit: str) -> None:
    """Prints one line for a document or corpus, and one for each surprising token."""
    documents = f" in {report['documents']} documents" if report["documents"] > 1 else ""
    print_line(
        f"{report['file']}: {report['nats_per_token']:.4f} nats a {unit}, perplexity {report['perplexity']:.2f}, "
        f"{report['tokens']:.0f} tokens{documents}"
    )
    for surprise in report["surprises"]:
        print_line(f"  {surprise['nats']:7.3f} nats: {surprise['token']} at {surprise['position']}")
    if "picture" in report:
        print_line(f"  drawn in {report['picture']}")
