"""Evaluates a trained model: likelihood beside baselines, copied passages, metrics and answers of the domain."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Metrics
from seqgen.contract.documents import Record
from seqgen.contract.domain import Domain
from seqgen.contract.plugins import report_broken_plugins
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.records import Records, held_out_split
from seqgen.corpus.storage.store import Corpus
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.models.run_settings import RunSettings
from seqgen.workflows.file_records import PromptItem
from seqgen.workflows.load import load
from seqgen.workflows.reports.baselines import baseline_nats
from seqgen.workflows.reports.copied_passages import CopiedPassage, longest_copied_passages
from seqgen.workflows.results import Sample
from seqgen.workflows.trained_model import TrainedModel

NUM_SAMPLES = 16
MAX_NEW_TOKENS = 1024
"""Of a sample that continues the given part of a held-out item."""
MAX_COMPARED_DOCUMENTS, MAX_COMPARED_TOKENS = 2000, 1_000_000
"""How many held-out documents the domain gets to compare and to answer, and how many tokens they have together."""
SUMMARIES: dict[str, Callable[[list[int]], Any]] = {"mean": np.mean, "most": max}
OnPart = Callable[[dict[str, Any]], None]
"""A callback for a part of the report: some of its values by name."""


def ignore_part(part: dict[str, Any]) -> None:
    """Does nothing."""


def evaluate(run: Path | str, *, seed: int = 0, on_part: OnPart = ignore_part) -> dict[str, Any]:
    """Evaluates the best model of a run on the corpus of the run; see `evaluation_report`."""
    run = Path(run)
    corpus = Corpus.open(run / RunSettings.read(run).corpus)
    corpus.verify()
    return evaluation_report(load(run), corpus, seed=seed, on_part=on_part)


def evaluation_report(
    trained: TrainedModel, corpus: Corpus, *, seed: int = 0, on_part: OnPart = ignore_part
) -> dict[str, Any]:
    """Returns the likelihood of held-out documents, beside baselines, and the metrics of new samples.

    nats:    the cross-entropy in nats a token; `perplexity` is its exp
    bits:    what held-out documents cost, with their ends, in bits for each unit that the domain measures
    novelty: the length of the longest passage that the training split contains, mean and most, of the samples and, for
             comparison, of as many held-out documents that are cut to the same lengths
    copies:  this passage of each sample, and where it comes from
    metrics: the domain's statistics of samples beside held-out documents
    answers: how good the domain's predictions are, beside its own baselines

    `on_part` gets each part of the report as soon as it is computed, so an error in a later part does not lose it.
    Uses the test split, or the validation split if there is no test split. Raises CorpusError.
    """
    report: dict[str, Any] = {}
    for part in _parts(trained, corpus, seed):
        report |= part
        on_part(part)
    return report


def _parts(trained: TrainedModel, corpus: Corpus, seed: int) -> Iterator[dict[str, Any]]:
    """Yields the parts of the report. The first one needs nothing of the domain but its grammar.

    A part that the plugin cannot give is reported and left out.
    """
    domain = trained.domain
    metrics = domain.metrics or Metrics()
    split, documents = held_out_split(domain, corpus)
    train, grammar = corpus.documents("train"), trained.model.grammar
    batches = evaluation_batches(documents, grammar, batch_size=16, bptt_length=64)
    likelihood = Evaluator(trained.model).held_out_likelihood(batch for batch, _ in batches)
    yield {
        "split": split,
        "documents": len(documents),
        "tokens": likelihood.tokens,
        "unit": domain.unit,
        "nats": likelihood.nats,
        "perplexity": float(np.exp(likelihood.nats)),
        "baselines": baseline_nats(train, documents, grammar, metrics.period),
    }
    with report_broken_plugins():
        yield {"bits": _bits(domain, metrics, documents, likelihood.nats * likelihood.tokens)}
    held_out: Sequence[Record[Any]] = []
    with report_broken_plugins():
        held_out = list(Records(domain, documents)[: compared_count(documents.lengths)])
        samples = new_samples(trained, held_out, seed)
        with report_broken_plugins():
            yield _copies(domain, metrics, corpus, samples)
        yield {"metrics": metrics.compare(held_out, [Record(sample.item) for sample in samples])}
    with report_broken_plugins():
        answers: dict[str, Any] = {}
        if domain.prediction:
            answers = domain.prediction.evaluate_answers(Records(domain, train), held_out, trained.oracle)
        yield {"answers": answers}


def compared_count(lengths: np.ndarray) -> int:
    """Returns how many documents of lengths int[n], the first ones, are compared with samples: at least one of them."""
    within = int((np.cumsum(lengths, dtype=np.int64) <= MAX_COMPARED_TOKENS).sum())
    return min(max(within, 1), MAX_COMPARED_DOCUMENTS)


def new_samples(trained: TrainedModel, held_out: Sequence[Record[Any]], seed: int) -> Sequence[Sample]:
    """Returns some samples. If the domain needs a prompt, each continues the given part of one held-out item."""
    domain = trained.domain
    if not domain.prompting.needs_prompt:
        return trained.sample(NUM_SAMPLES, seed=seed)
    given = [PromptItem(domain.prompting.given_part(record)) for record in held_out[:NUM_SAMPLES]]
    return trained.sample(1, prompt=given, seed=seed, max_new_tokens=MAX_NEW_TOKENS)


def _copies(domain: Domain[Any], metrics: Metrics[Any], corpus: Corpus, samples: Sequence[Sample]) -> dict[str, Any]:
    """Returns the part of the report about copied passages."""
    copied, expected = copied_passages(domain, corpus, [sample.ids for sample in samples])
    return {
        "novelty": {
            f"{name}, {side}": float(summary([passage.length for passage in passages]))
            for side, passages in (("samples", copied), ("held out", expected))
            for name, summary in SUMMARIES.items()
        },
        "copies": _describe_copies(domain, metrics, corpus, samples, copied),
    }


def copied_passages(
    domain: Domain[Any], corpus: Corpus, samples: Sequence[np.ndarray]
) -> tuple[list[CopiedPassage], list[CopiedPassage]]:
    """Returns the longest passage of each sample int32[n] that the training split of the corpus contains.

    For comparison, also returns the passages of as many held-out documents, cut to the lengths of the samples. Raises
    CorpusError.
    """
    _, documents = held_out_split(domain, corpus)
    pairs = zip(samples, range(len(documents)), strict=False)
    held_out = [documents[number][0][: len(sample)] for sample, number in pairs]
    symbols = (domain.metrics or Metrics()).copy_symbols
    passages = longest_copied_passages([*samples, *held_out], corpus.documents("train"), symbols)
    return passages[: len(samples)], passages[len(samples) :]


def _describe_copies(
    domain: Domain[Any],
    metrics: Metrics[Any],
    corpus: Corpus,
    samples: Sequence[Sample],
    passages: list[CopiedPassage],
) -> list[dict[str, Any]]:
    """Returns as JSON values where each copied passage is in the sample and in the training data."""
    train = corpus.documents("train")
    origins = iter(corpus.origins("train", [passage.document for passage in passages if passage.length]))

    def position(ids: np.ndarray, token: int) -> dict[str, float]:
        return {"token": token, **metrics.sizes(domain.decode(ids[:token]))}

    copies: list[dict[str, Any]] = []
    for sample, passage in zip(samples, passages, strict=True):
        copies.append({"sample": sample.label, "length": passage.length})
        if passage.length:
            (source, document), ids = next(origins), train[passage.document][0]
            (first, end), (source_first, source_end) = passage.sample_span, passage.corpus_span
            copies[-1] |= {
                "at": position(sample.ids, first),
                "source": source,
                "document": document,
                "metadata": train.metadata(passage.document),
                "source_at": position(ids, source_first),
                "word_for_word": np.array_equal(sample.ids[first:end], ids[source_first:source_end]),
            }
    return copies


def _bits(domain: Domain[Any], metrics: Metrics[Any], documents: Documents, nats: float) -> dict[str, float]:
    """Returns the bits for each unit of `documents`, which cost `nats` together."""
    sizes: defaultdict[str, float] = defaultdict(float)
    for number in range(len(documents)):
        for unit, size in metrics.sizes(domain.decode(documents[number][0])).items():
            sizes[unit] += size
    return {unit: nats / math.log(2) / size for unit, size in sizes.items() if size}
