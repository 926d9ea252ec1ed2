"""BLEU and chrF with their signatures, beside simple translators."""

from __future__ import annotations

import pytest
from seqgen_translation.evaluation import WordTable, bleu, reference, translation_report
from seqgen_translation.sentence_pair import SentencePair
from some_pairs import PAIRS

from seqgen import Record

RECORDS = [Record(SentencePair(*pair)) for pair in PAIRS]


def test_perfect_translations_have_a_bleu_of_100():
    references = [target for _, target in PAIRS]
    assert bleu(references, references) == pytest.approx(100)
    assert bleu(["x"] * len(references), references) == pytest.approx(0)


def test_a_report_names_the_signatures_and_the_simple_translators():
    report = translation_report(RECORDS, RECORDS, [target for _, target in PAIRS])
    names = list(report)
    assert names[0].startswith("BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert names[1:3] == ["BLEU, copied source", "BLEU, word by word"]
    assert names[3].startswith("chrF2|nrefs:1|")
    assert report[names[0]] == pytest.approx(100)
    assert report["BLEU, copied source"] < 10
    assert report["chrF2, word by word"] > report["chrF2, copied source"]
    assert translation_report(RECORDS, [], []) == {}


def test_the_table_has_the_word_that_goes_best_with_each_word():
    pairs = [("ein hund", "a dog"), ("eine katze", "a cat"), ("hund und katze", "dog and cat")]
    table = WordTable(SentencePair(*pair) for pair in pairs)
    assert table.translate("hund katze elefant") == "dog cat elefant"


def test_the_reference_is_the_untouched_target():
    assert reference(Record(SentencePair("ein hund", "a dog"), {"reference": "A dog"})) == "A dog"
    assert reference(Record(SentencePair("ein hund", "a dog"))) == "a dog"
