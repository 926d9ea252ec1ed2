"""The settings of the base are inferred from the content."""

from __future__ import annotations

import numpy as np
from seqgen_sentiment.domain import SentimentDomain

from seqgen import load_domain


def test_the_encoding_of_music_is_inferred_from_the_files_that_a_table_names(tmp_path):
    melody = load_domain("midi")(load_domain("midi").Settings(encoding="melody"))
    for number in range(2):
        made = melody.decode(melody.grammar().walk(np.random.default_rng(number), 200))
        melody.write(made, tmp_path / f"tune{number}")
    (tmp_path / "labels.csv").write_text("file,mood\ntune0.mid,calm\ntune1.mid,wild\n")
    domain = SentimentDomain(SentimentDomain.Settings.from_mapping({"base": "midi", "label_column": "mood"}))
    assert domain.inference.is_needed()
    settings = domain.inference.infer([domain.inference.inspect(tmp_path / "labels.csv")])
    assert settings.model_dump(mode="json")["base.encoding"] == "melody"
    assert not SentimentDomain(settings).inference.is_needed()
