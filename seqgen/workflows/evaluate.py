"""How good a trained model is: its likelihood beside baselines, what it copies, and what the domain makes of it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Metrics
from seqgen.contract.documents import Record
from seqgen.contract.domain import Domain
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.records import Records, held_out_split
from seqgen.corpus.storage.store import Corpus, Documents
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.models.run_settings import RunSettings
from seqgen.reports.baselines import baselines
from seqgen.reports.novelty import Copy, longest_copies
from seqgen.workflows.load import load
from seqgen.workflows.samples import Sample
from seqgen.workflows.trained import Trained

EVALUATED_SAMPLES = 16
COMPARED_DOCUMENTS = 2000
"""How many held-out documents at most the domain's metrics look at."""
SUMMARIES: dict[str, Callable[[list[int]], Any]] = {"mean": np.mean, "most": max}


def evaluate(run: Path | str, *, seed: int = 0) -> dict[str, Any]:
    """Evaluates a run's best model on the corpus of the run; see `evaluate_model`."""
    run = Path(run)
    corpus = Corpus.open(run / RunSettings.read(run).corpus)
    return evaluate_model(load(run), corpus, seed=seed)


def evaluate_model(trained: Trained, corpus: Corpus, *, seed: int = 0) -> dict[str, Any]:
    """Held-out likelihood beside baselines, and the domain's metrics of new samples beside held-out items.

    bits:    what a held-out document costs, per each unit that the domain measures it in; its end counts as a cost
    novelty: how many tokens the longest passage has that stands in the training corpus, of samples and, as what
             is to be expected, of as many held-out documents cut to their length: mean and most
    answers: how good what the domain predicts is, beside its own baselines; {} where it predicts nothing
    copies:  of each sample, that passage and where it stands

    Takes the corpus' test split, or the validation split where there is no test. Raises CorpusError.
    """
    domain = trained.domain
    metrics = domain.metrics or Metrics()
    split, documents = held_out_split(domain, corpus)
    grammar = trained.model.grammar
    batches = evaluation_batches(documents, grammar, batch_size=16, bptt_length=64)
    held_out = Evaluator(trained.model).held_out_likelihood(batch for batch, _ in batches)
    made = trained.sample(EVALUATED_SAMPLES, seed=seed)
    real = list(Records(domain, documents)[:COMPARED_DOCUMENTS])
    copies, expected = copies_of(domain, corpus, [sample.ids for sample in made])
    return {
        "split": split,
        "documents": len(documents),
        "tokens": held_out.tokens,
        "unit": domain.unit,
        "nats": held_out.nats,
        "perplexity": float(np.exp(held_out.nats)),
        "bits": _bits(domain, documents, held_out.nats * held_out.tokens),
        "baselines": baselines(corpus.documents("train"), documents, grammar, metrics.period),
        "novelty": {
            f"{name}, {side}": float(how([copy.length for copy in found]))
            for side, found in (("samples", copies), ("held out", expected))
            for name, how in SUMMARIES.items()
        },
        "copies": _where(domain, corpus, made, copies),
        "metrics": metrics.compare(real, [Record(sample.item) for sample in made]),
        "answers": domain.prediction.evaluate_answers(Records(domain, corpus.documents("train")), real, trained.oracle)
        if domain.prediction
        else {},
    }


def copies_of(domain: Domain[Any], corpus: Corpus, samples: Sequence[np.ndarray]) -> tuple[list[Copy], list[Copy]]:
    """Of each of `samples`, ids int32[n], the longest passage that stands in the training split of `corpus`.

    Beside that, as what is to be expected of something new, those of as many held-out documents, cut to the
    lengths of the samples. Raises CorpusError.
    """
    _, documents = held_out_split(domain, corpus)
    pairs = zip(samples, range(len(documents)), strict=False)
    real = [documents[number][0][: len(sample)] for sample, number in pairs]
    found = longest_copies([*samples, *real], corpus.documents("train"), (domain.metrics or Metrics()).copy_symbols)
    return found[: len(samples)], found[len(samples) :]


def _where(domain: Domain[Any], corpus: Corpus, samples: Sequence[Sample], copies: list[Copy]) -> list[dict[str, Any]]:
    """What people are told of copied passages: from which place of which source to which place of which sample."""
    train = corpus.documents("train")
    origins = iter(corpus.origins("train", [copy.document for copy in copies if copy.length]))

    def place(ids: np.ndarray, token: int) -> dict[str, float]:
        return {"token": token, **(domain.metrics or Metrics()).sizes(domain.decode(ids[:token]))}

    told: list[dict[str, Any]] = []
    for sample, copy in zip(samples, copies, strict=True):
        told.append({"sample": sample.label, "length": copy.length})
        if copy.length:
            (source, document), ids = next(origins), train[copy.document][0]
            (first, last), (there, end) = copy.sample_span, copy.corpus_span
            told[-1] |= {
                "at": place(sample.ids, first),
                "source": source,
                "document": document,
                "source_at": place(ids, there),
                "word_for_word": np.array_equal(sample.ids[first:last], ids[there:end]),
            }
    return told


def _bits(domain: Domain[Any], documents: Documents, nats: float) -> dict[str, float]:
    """What `documents` cost by unit, where they cost `nats` together."""
    sizes: defaultdict[str, float] = defaultdict(float)
    for number in range(len(documents)):
        for unit, size in (domain.metrics or Metrics()).sizes(domain.decode(documents[number][0])).items():
            sizes[unit] += size
    return {unit: nats / math.log(2) / size for unit, size in sizes.items() if size}
