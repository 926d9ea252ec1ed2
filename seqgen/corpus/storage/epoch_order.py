"""The order of an epoch: random, but for huge corpora so that their files are read mostly in sequence.

A disk is much slower at random places than in a row, and a corpus that does not fit into memory is read from the disk
in every epoch. So a corpus of more than WINDOW_TOKENS is cut into blocks, as long as a shard, and the blocks are
shuffled. Then the documents of WINDOW_TOKENS in a row, which fit into memory, are shuffled with each other. (tf.data
does the same with a shuffle of files and a shuffle buffer.) The size of the corpus alone decides, so that an epoch is
the same on every machine.
"""

from __future__ import annotations

import numpy as np

from seqgen.corpus.storage.shards import SHARD_TOKENS

WINDOW_TOKENS = 64 * SHARD_TOKENS
"""256 million tokens, which are 512 MB of uint16."""


def epoch_order(
    lengths: np.ndarray,
    rng: np.random.Generator,
    *,
    block_tokens: int = SHARD_TOKENS,
    window_tokens: int = WINDOW_TOKENS,
) -> np.ndarray:
    """Returns a random order of documents: int32[n], a permutation.

    lengths: int32[n], the number of tokens of each document, in the order in which they are stored
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    if not len(ends) or ends[-1] <= window_tokens:
        return rng.permutation(len(lengths)).astype(np.int32)
    block_of = (ends - lengths) // block_tokens
    place_of_block = rng.permutation(int(block_of[-1]) + 1)
    window_of = place_of_block[block_of] // max(1, window_tokens // block_tokens)
    return np.lexsort((rng.random(len(lengths)), window_of)).astype(np.int32)
