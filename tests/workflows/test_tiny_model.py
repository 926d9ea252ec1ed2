"""A tiny model is trained in a few seconds, and answers like any other."""

from __future__ import annotations

from seqgen.workflows.tiny_model import STEPS, tiny_model


def test_a_tiny_model_samples(tmp_path):
    source = tmp_path / "some.txt"
    source.write_text("\n\n".join(f"A paragraph about {number}." for number in range(30)))
    trained = tiny_model("text", [source], tmp_path / "run", {"document": "paragraph"})
    assert (tmp_path / "run" / "metrics.jsonl").read_text().count("\n") >= 1
    assert trained.model.settings.num_layers == 1
    assert len(trained.sample(2, max_new_tokens=5)) == 2
    assert STEPS <= 50
