"""Labels over a domain that offers everything: each capability of the base is offered again through the wrapper."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from complete_domain import A, B, Complete, register
from letters import Letters
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem

from seqgen import BOS, EOS, Record
from seqgen.contract.capabilities import CAPABILITIES

ITEM = LabelledItem("ab", "x")


@pytest.fixture
def domain(tmp_path, monkeypatch) -> SentimentDomain:
    register(tmp_path / "installed", monkeypatch)
    settings = SentimentDomain.Settings.from_mapping({"base": "complete", "group_column": "author"})
    learned = SentimentDomain(settings).learn([["x", "first"], ["y", "second"]])
    return SentimentDomain(settings, learned.vocabulary, learned.state)


def test_every_method_of_every_capability_is_offered(domain):
    base, offered = Complete().capabilities(), domain.capabilities()
    assert set(base) == {kind.attribute for kind in CAPABILITIES}
    for kind in CAPABILITIES:
        assert set(base[kind.attribute]) == set(kind.method_names())
        # A label belongs to the whole content, so labelled content is never cut. The constraints that the base
        # recommends are for content without a label.
        left_out = {"cut", "constraints"}
        # A browser is given the ids of the base, and those of a labelled document are others.
        missing = set(kind.method_names()) if kind.attribute == "browser" else left_out
        assert set(offered.get(kind.attribute, [])) == set(kind.method_names()) - missing, kind.attribute


def test_nothing_is_offered_that_the_base_does_not_offer(tmp_path, monkeypatch):
    register(tmp_path, monkeypatch, "bare", "bare_domain")
    (tmp_path / "bare_domain.py").write_text(
        "import pluggy\nfrom letters import Letters\n\nclass Bare(Letters):\n    name = 'bare'\n\n"
        "@pluggy.HookimplMarker('seqgen')\ndef seqgen_domain():\n    return Bare\n"
    )
    domain = SentimentDomain(SentimentDomain.Settings.from_mapping({"base": "bare"}))
    assert Letters().capabilities() == {"prompting": [], "training": ["augment"]}
    assert domain.capabilities() == {
        "prompting": ["prompt", "read", "without_prompt"],
        "prediction": ["predict", "explain", "calibrate", "evaluate_answers", "read"],
        "metrics": [],
        "deduplication": ["key"],
        "training": ["augment", "auxiliary_targets"],
        "learning": ["observe", "extend", "start_domains"],
        "reading": ["in_parts"],
    }


def test_what_the_base_learned_is_kept(domain):
    assert domain.base.state == domain.state == {"observed": ["first", "second"]}
    assert domain.vocabulary.names == ("<bos>", "<eos>", "a", "b", "<unlabelled>", "<end>", "label:x", "label:y")
    assert domain.learning.observe(ITEM) == ["x", {"letters": ["a", "b"]}]
    assert domain.learning.start_domains() == ("sentiment", "complete")


def test_prompting_is_the_bases(domain, tmp_path):
    (tmp_path / "prompt.ab").write_text("ba\n")
    assert list(domain.prompting.read(tmp_path / "prompt.ab")) == [LabelledItem("b", tmp_path.name)]
    assert domain.prompting.from_text("ab") == LabelledItem("ab")
    ids = domain.encode(ITEM).ids
    assert "".join(domain.prompting.stream_text([ids[:3], ids[3:]])) == "ab"


def test_display_is_the_bases(domain, tmp_path):
    assert domain.display.renderings == ("txt",)
    assert domain.display.html(ITEM, LabelledItem("a")) == "<p>x</p>\n<b>ab</b>a"
    assert domain.display.script() == "play()"
    path = domain.display.render(ITEM, "txt", tmp_path / "sample", LabelledItem("a"))
    assert (path, path.read_text()) == (tmp_path / "x" / "sample.txt", "ab a")


def test_surprise_is_drawn_of_the_base_document(domain, tmp_path):
    ids = domain.encode(ITEM).ids
    names = ["<bos>", "<unlabelled>", "a", "b", "<end>", "label:x", "<eos>"]
    assert [domain.vocabulary[number] for number in ids] == names
    path = domain.display.draw_surprise(ids, np.arange(7.0), tmp_path / "surprise")
    # What <end> costs is what the base's EOS costs; the places of labels are left out.
    assert path.read_text() == f"{[BOS, A, B, EOS]} {[0.0, 2.0, 3.0, 4.0]}"


def test_metrics_are_the_bases(domain):
    records = [Record(LabelledItem("ab", "x"), {"row": 3}), Record(LabelledItem("b"), {"row": 4})]
    assert domain.metrics.period == 7
    assert domain.metrics.compare(records, records) == {"held out": 7, "samples": 2}
    assert domain.metrics.statistics(ITEM) == {"share of a": 0.5}
    assert domain.metrics.sizes(ITEM) == {"letter": 2}
    assert domain.metrics.copy_symbols(domain.encode(ITEM).ids).tolist() == [-1, -1, 10 + A, 10 + B, -1, -1, -1]


def test_deduplication_is_the_bases(domain):
    assert domain.deduplication.differences == "label, case"
    assert domain.deduplication.key(LabelledItem("AB", "x")) == domain.deduplication.key(ITEM) == "ab"
    assert domain.deduplication.group(Record(ITEM, {"source": "line 1"})) == ("a", "line 1")
    assert domain.deduplication.group(Record(ITEM, {"source": "line 1", "group": "ann"})) == "ann"


def test_inference_is_the_bases(domain, tmp_path):
    (tmp_path / "a.ab").write_text("ab\n")
    (tmp_path / "a.csv").write_text("file,label\na.ab,x\n")
    assert domain.inference.is_needed()
    found = domain.inference.inspect(tmp_path / "a.csv")
    settings = domain.inference.infer([json.loads(json.dumps(found))])
    assert settings.model_dump()["base.case"] == "a.ab"
    assert settings.group_column == "author"
    assert not SentimentDomain(settings).inference.is_needed()


def test_defaults_are_the_bases_but_for_constraints(domain):
    assert domain.defaults.settings() == {"attention_window": 5}
    assert domain.defaults.sampling() == {"min_p": 0.01}
    assert domain.capabilities()["defaults"] == ["settings", "sampling"]


def test_what_the_tokens_of_a_prompt_cannot_say_is_the_bases(domain):
    assert domain.reading.restore(Record(LabelledItem("b", "x"), {"more": "a"})) == LabelledItem("ba", "x")


def test_augmentation_is_the_bases(domain):
    ids = domain.encode(ITEM).ids
    found = {domain.decode(domain.training.augment(ids, np.random.default_rng(seed))) for seed in range(9)}
    assert found == {LabelledItem("ba", "x")}


def test_reading_is_the_bases_but_for_tables(domain, tmp_path):
    in_parts = domain.reading.in_parts
    assert [in_parts(Path(name)) for name in ("a.csv", "a.TSV", "a.jsonl", "a.long", "a.ab")] == [True] * 4 + [False]
    assert domain.reading.companions(Path("a.ab")) == ("a.notes",)
    assert domain.reading.companions(Path("a.csv")) == ()
    (tmp_path / "a.ab").write_text("ab b\n")
    found = list(domain.read(tmp_path / "a.ab"))
    assert found == [
        Record(LabelledItem("ab", tmp_path.name), {"source": "line 0"}),
        Record(LabelledItem("b", tmp_path.name), {"source": "line 1"}),
    ]
