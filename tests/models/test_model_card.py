"""The model card names the data, its licence, the likelihood and the settings."""

from __future__ import annotations

from types import SimpleNamespace

from letters import Letters

from seqgen import Defaults
from seqgen.models.model_card import model_card

CONFIG = {"model": {"cell": "lstm", "hidden_size": 64}, "result": {"held_out_nats": 1.25, "step": 300}}
SPLITS = {"train": {"documents": 90, "tokens": 1800}, "valid": {"documents": 5, "tokens": 100}}


def card(recipe) -> str:
    corpus = SimpleNamespace(manifest={"recipe": recipe, "splits": SPLITS})
    return model_card(CONFIG, Letters(), corpus, 12345)


def test_a_model_of_a_recipe_names_its_licence():
    text = card({"name": "few", "description": "A few letters.", "licence": "CC0-1.0"})
    assert text.startswith("# A seqgen model of the domain `letters`")
    for part in ("`few`: A few letters.", "CC0-1.0", "1.2500 nats a token", "90 documents, 1800 tokens", "12345"):
        assert part in text
    assert "- hidden_size: 64" in text
    assert "- **Sampling**: the model's distribution as it is" in text


class RhymingDefaults(Defaults[str]):
    def sampling(self):
        return {"temperature": 0.9, "min_p": 0.05}

    def constraints(self, requested):
        return {"rhyme": True}


def test_the_domains_sampling_is_named(monkeypatch):
    monkeypatch.setattr(Letters, "defaults", RhymingDefaults())
    assert "- **Sampling**: temperature=0.9, min_p=0.05, rhyme=True" in card(None)


def test_a_model_of_own_files_claims_no_licence():
    assert "not known" in card(None)
