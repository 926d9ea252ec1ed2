"""The laws of a domain hold over text and over music, and what is written can be read again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from labelled_texts import ITEM, learned, table
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem

from seqgen import Record, load_domain
from seqgen.contract.testing import check_domain


@pytest.mark.parametrize("tokenizer", ["word", "byte"])
def test_laws_over_text(tmp_path, tokenizer):
    (tmp_path / "some.tsv").write_text(table(8))
    folder = tmp_path / "pos"
    folder.mkdir()
    (folder / "one.txt").write_text("the film is good\nsome dog is great\n")
    check_domain(
        learned(**{"base.tokenizer": tokenizer}), [tmp_path / "some.tsv", folder / "one.txt"], exact=False, walks=30
    )


def test_laws_over_music(tmp_path):
    midi = load_domain("midi")()
    rng, folder = np.random.default_rng(0), tmp_path / "music"
    grammar = midi.grammar(midi.Constraints(bars=1, time_signature="4/4"))
    for number in range(2):
        midi.write(midi.decode(grammar.walk(rng)), folder / f"piece{number}")
    (tmp_path / "labels.csv").write_text("file,mood\nmusic/piece0.mid,calm\nmusic/piece1.mid,wild\n")
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "label_column": "mood"})
    unlearned = SentimentDomain(settings)
    read = [found.item for found in unlearned.read(tmp_path / "labels.csv") if isinstance(found, Record)]
    assert [item.label for item in read] == ["calm", "wild"]
    observations = json.loads(json.dumps([unlearned.learning.observe(item) for item in read]))
    domain = SentimentDomain(settings, unlearned.learn(observations).vocabulary)
    check_domain(domain, [tmp_path / "labels.csv"], exact=False, walks=3)
    prompt = domain.prompting.prompt(None, domain.Constraints(label="calm", bars=1, key="Gmaj"))
    assert domain.decode(prompt.grammar.walk(rng)).label == "calm"
    assert (domain.unit, domain.display.renderings) == (midi.unit, (*midi.display.renderings, "svg"))


def test_what_is_written_can_be_read_again(tmp_path):
    domain = learned()
    (path,) = domain.write(ITEM, tmp_path / "sample-1")
    assert path.relative_to(tmp_path) == Path("pos/sample-1.txt")
    assert list(domain.read(path)) == [ITEM]
    (path,) = domain.write(LabelledItem("the film", "../\0x"), tmp_path / "sample-2")
    assert path.parent.parent == tmp_path


def test_copy_symbols_are_those_of_the_content():
    domain = learned()
    ids = domain.encode(ITEM).ids
    own = (ids > 1) & (ids < domain.layout.unlabelled)
    symbols = domain.metrics.copy_symbols(ids)
    assert (symbols[~own] < 0).all()
    assert (symbols[own] >= 0).all()
