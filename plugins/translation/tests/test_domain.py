"""The laws of a domain, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_translation.domain import TranslationDomain
from seqgen_translation.reading import PairReader
from seqgen_translation.sentence_pair import SentencePair
from some_pairs import PAIRS, learned

from seqgen import BundleError, UnusableFile, Vocabulary
from seqgen.contract.testing import check_domain


def test_the_laws_of_a_domain(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(["source\ttarget", *("\t".join(pair) for pair in PAIRS)]), encoding="utf-8")
    # Several sequences of BPE tokens stand for one text.
    check_domain(learned(), [path], walks=30, exact=False)


def test_the_laws_of_a_domain_with_parallel_files(tmp_path):
    for ending, side in (("de", 0), ("en", 1)):
        lines = "".join(f"{pair[side]}\n" for pair in PAIRS)
        (tmp_path / f"train.{ending}").write_text(lines, encoding="utf-8")
    domain = learned(source_language="de", target_language="en", source_weight=1.0)
    assert {".de", ".de.gz", ".tsv"} <= set(domain.reads)
    check_domain(domain, [tmp_path / "train.de"], walks=10, exact=False)


@pytest.mark.parametrize("pair", [*PAIRS, ("größe 京 😀", "size"), ("x", "")], ids=str)
def test_what_is_encoded_is_decoded(domain, pair):
    item = SentencePair(*pair)
    assert domain.decode(domain.encode(item).ids) == item


def test_a_pair_that_is_too_long_is_not_learned_but_a_long_source_is_translated():
    domain = learned(max_sentence_length=5)
    with pytest.raises(UnusableFile, match="more than 5 tokens"):
        domain.encode(SentencePair("ein sehr langer satz", "a sentence"))
    assert domain.encode(SentencePair("ein sehr langer satz")).ids[-1] == domain.layout.separator


def test_a_written_pair_can_be_read(domain, tmp_path):
    (made,) = domain.write(SentencePair('"ein" hund', "a 'dog'"), tmp_path / "pair")
    (found,) = PairReader(domain.settings).read(made)
    assert found.item == SentencePair('"ein" hund', "a 'dog'")


def test_a_vocabulary_of_something_else_is_refused():
    with pytest.raises(BundleError, match="not one of sentence pairs"):
        TranslationDomain(None, Vocabulary(["a"]))


def test_random_documents_are_decoded_wherever_they_are_cut(domain):
    for seed in range(20):
        ids = domain.grammar().walk(np.random.default_rng(seed), 60)
        for length in range(1, len(ids) + 1):
            assert isinstance(domain.decode(ids[:length]), SentencePair)
