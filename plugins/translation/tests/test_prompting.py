"""A prompt is a source sentence, with the beginning of a translation if that is given."""

from __future__ import annotations

from seqgen_translation.sentence_pair import SentencePair
from some_pairs import learned

from seqgen import BOS


def test_a_prompt_ends_with_the_separator_or_within_the_target(domain):
    prompt = domain.prompting.prompt(SentencePair("ein hund"))
    assert prompt.ids[-1] == domain.layout.separator
    longer = domain.prompting.prompt(SentencePair("ein hund", "a"))
    assert longer.ids[: len(prompt.ids)].tolist() == prompt.ids.tolist()
    assert domain.decode(longer.ids) == SentencePair("ein hund", "a")
    assert domain.prompting.prompt().ids.tolist() == [BOS]


def test_a_model_that_has_not_learned_sources_needs_one(domain):
    assert domain.prompting.needs_prompt
    assert not learned(source_weight=0.5).prompting.needs_prompt


def test_a_text_is_a_source_sentence(domain):
    assert domain.prompting.from_text(" ein  hund\n") == SentencePair("ein hund")


def test_a_sample_keeps_its_source(domain):
    ids = domain.encode(SentencePair("ein hund", "a dog")).ids
    assert domain.prompting.without_prompt(ids, 3).tolist() == ids.tolist()


def test_a_file_of_prompts_has_a_sentence_a_line(domain, tmp_path):
    (tmp_path / "some.txt").write_text("ein hund\n")
    (found,) = domain.prompting.read(tmp_path / "some.txt")
    assert found.item == SentencePair("ein hund")
