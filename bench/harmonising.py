"""What `jsb.py --harmonise` measures: the sopranos of test pieces are given, and the three other voices are found.

accuracy:      the share of alto, tenor and bass notes that are the piece's own, a 16th and voice counted each
evidence_nats: minus the mean estimate of ln p(soprano), per note of it; the estimate is unbiased, so by Jensen's
               inequality a worse one is greater on average
found_nats:    what the whole pieces that were found cost, per note of all four voices: how well they fit the model
by table:      the accuracy of the pitch that each voice had most often in training under the soprano's pitch

With one particle nothing can be resampled: every voice is drawn as the model likes, and the soprano comes as it comes.

accuracy_mode: the same share of the notes that most of 64 such draws have at each place. A model with conditions is
told the soprano ahead in all of this, and ln p(three voices | soprano) is then its own, without an estimate.
"""

from __future__ import annotations

from typing import Any

import chorales
import numpy as np

from seqgen.corpus.storage.documents import Documents
from seqgen.engine.conditioning import ConditionSource
from seqgen.engine.decoding.infilling import ANY_TOKEN, Infiller
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.model import Model
from seqgen.engine.scoring.scorer import Scorer
from seqgen.grammar import BOS

VOICES = 4
PARTICLES = (1, 64)
DRAWS = 64


def harmonise(model: Model, train: Documents, test: Documents, pieces: int, seed: int) -> dict[str, Any]:
    """Returns the figures of the first `pieces` documents of `test`, by number of particles."""
    filler, scorer = Infiller(Sampler(model)), Scorer(model)
    real = [test[number][0][1:].reshape(-1, VOICES) for number in range(min(pieces, len(test)))]
    figures: dict[str, Any] = {"harmonised_pieces": len(real), "accuracy_by_table": by_table(train, real)}
    costs = [float(scorer.negative_log_likelihood(document(piece)).sum()) for piece in real]
    notes = sum(map(len, real))
    figures |= by_mode(filler, real, seed)
    for particles in PARTICLES:
        right, evidence, found = 0, 0.0, 0.0
        for number, piece in enumerate(real):
            made = filler.fill(
                np.array([BOS], np.int32), model.grammar, template(piece), count=1, max_new_tokens=piece.size,
                seed=seed, num_particles=particles, first=number, conditions=soprano_of(piece),
            )  # fmt: skip
            drawn = made.samples[0][1:].reshape(-1, VOICES)
            right += int((drawn == piece)[:, 1:].sum())
            evidence -= float(made.log_evidence[0])
            found += float(scorer.negative_log_likelihood(made.samples[0]).sum())
        figures |= {
            f"accuracy_{particles}": right / (3 * notes),
            f"evidence_nats_{particles}": evidence / notes,
            f"found_nats_{particles}": found / (VOICES * notes),
        }
        print(f"{particles} particles: {right / (3 * notes):.4f} of the notes found are the piece's", flush=True)
    if model.conditions is not None:
        told = [scorer.negative_log_likelihood(document(piece), conditions=shown(piece)) for piece in real]
        drawn_voices = sum(float(nats[1:].reshape(-1, VOICES)[:, 1:].sum()) for nats in told)
        return figures | {"three_voices_given_soprano_nats": drawn_voices / (3 * notes)}
    # ln p(three voices | soprano) = ln p(piece) − ln p(soprano), by the best estimate of the latter.
    most = figures[f"evidence_nats_{PARTICLES[-1]}"]
    return figures | {"three_voices_given_soprano_nats": (sum(costs) / notes - most) / 3}


def by_mode(filler: Infiller, real: list[np.ndarray], seed: int) -> dict[str, Any]:
    """Returns the accuracy of the commonest of DRAWS draws at each place, each made without resampling."""
    right = 0
    for number, piece in enumerate(real):
        made = filler.fill(
            np.array([BOS], np.int32), chorales.positions(), template(piece), count=DRAWS, max_new_tokens=piece.size,
            seed=seed, num_particles=1, first=number * DRAWS, conditions=soprano_of(piece),
        )  # fmt: skip
        drawn = np.stack([sample[1:].reshape(-1, VOICES) for sample in made.samples])
        counts = (drawn[..., None] == np.arange(chorales.VOCABULARY)).sum(0)
        right += int((counts.argmax(-1) == piece)[:, 1:].sum())
    accuracy = right / (3 * sum(map(len, real)))
    print(f"the commonest of {DRAWS} draws: {accuracy:.4f} of the notes found are the piece's", flush=True)
    return {"accuracy_mode": accuracy}


def template(piece: np.ndarray) -> np.ndarray:
    """Returns the soprano as given tokens."""
    given = np.full(piece.shape, ANY_TOKEN)
    given[:, 0] = piece[:, 0]
    return given.ravel()


def shown(piece: np.ndarray) -> np.ndarray:
    """Returns the soprano as conditions."""
    return chorales.known(piece, np.arange(VOICES) == np.zeros((len(piece), 1)))


def soprano_of(piece: np.ndarray) -> ConditionSource:
    return ConditionSource(1, lambda number, ids: shown(piece))


def document(piece: np.ndarray) -> np.ndarray:
    """Returns the ids of a piece int[16ths, 4]."""
    return np.concatenate([[BOS], piece.ravel()]).astype(np.int32)


def by_table(train: Documents, real: list[np.ndarray]) -> float:
    """The accuracy of the pitch that a voice had most often under the soprano's; under a new one, most often of all."""
    columns = np.concatenate([train[number][0][1:].reshape(-1, VOICES) for number in range(len(train))])
    size = int(max(columns.max(), *(piece.max() for piece in real))) + 1
    right = 0
    for voice in range(1, VOICES):
        counts = np.zeros((size, size))
        np.add.at(counts, (columns[:, 0], columns[:, voice]), 1)
        counts[counts.sum(1) == 0] = counts.sum(0)
        likeliest = counts.argmax(1)
        right += sum(int((likeliest[piece[:, 0]] == piece[:, voice]).sum()) for piece in real)
    return right / (3 * sum(map(len, real)))
