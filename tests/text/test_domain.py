"""The laws of a domain hold with every tokenizer, and what cannot be text is refused."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_text.domain import TextDomain
from seqgen_text.tokenization.token_names import BYTES, token_name
from texts import TOKENIZERS, learned

from seqgen import BundleError, UnusableFile, Vocabulary
from seqgen.contract.testing import check_domain
from seqgen.corpus.building.build import build
from seqgen.corpus.storage.records import Records
from seqgen.corpus.storage.store import SPLITS


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_the_laws_of_a_domain(tokenizer, tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("The quick dog sleeps.", encoding="utf-8")
    # Only with one token a byte has every text exactly one sequence of ids.
    check_domain(learned(tokenizer), [path], walks=30, exact=tokenizer == "byte")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_every_walk_is_a_text(domains, tokenizer):
    """Every sample is valid UTF-8: a character that is started is finished."""
    domain = domains[tokenizer]
    for seed in range(30):
        ids = domain.grammar().walk(np.random.default_rng(seed), 200)
        data = b"".join(domain.tokenizer.strings[number - 2] for number in ids.tolist() if number > 1)
        if ids[-1] == 1:
            assert data.decode("utf-8") == domain.decode(ids)
        else:
            assert data.decode("utf-8", "ignore").startswith(domain.decode(ids))


def test_a_text_cut_inside_a_character_loses_only_that_character(domains):
    for unit in ("byte", "bpe"):
        domain = domains[unit]
        ids = domain.encode("aß京😀z").ids[:-1]
        seen = [domain.decode(ids[:size]) for size in range(1, len(ids) + 1)]
        assert set(seen) == {"", "a", "aß", "aß京", "aß京😀", "aß京😀z"}


def test_a_vocabulary_of_another_tokenizer_is_refused():
    for unit, names in {"word": ["a"], "character": [*map(token_name, BYTES), "<0xE2><0x82>"], "bpe": ["a"]}.items():
        with pytest.raises(BundleError, match="does not fit the tokenizer"):
            TextDomain(TextDomain.Settings(tokenizer=unit), Vocabulary(names))


def test_half_a_surrogate_pair_is_not_a_text(domains):
    with pytest.raises(UnusableFile, match="surrogate"):
        domains["byte"].encode("\ud800")


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"merges": None},
        {"merges": 7},
        {"merges": [["t"]]},
        {"merges": [["t", "h", "e"]]},
        {"merges": ["the"]},
        {"merges": [[1, 2]]},
        {"merges": [[["t"], "h"]]},
        {"merges": [["t", "unknown"]]},
        {"merges": [["<0x00>", "<0x00>"]]},
    ],
)
def test_invalid_merges_are_one_sentence(state):
    domain = learned("bpe")
    with pytest.raises(BundleError, match=r"^The vocabulary does not fit the tokenizer 'bpe' \([^.]*BPE merges[^.]*\)"):
        TextDomain(domain.settings, domain.vocabulary, state)


def test_a_state_that_the_tokenizer_does_not_have_is_refused():
    domain = learned("word")
    with pytest.raises(BundleError, match="learned state"):
        TextDomain(domain.settings, domain.vocabulary, {"merges": []})


def running_text(length: int, seed: int = 0) -> str:
    """Returns words of random letters. No two texts share a line."""
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), int(rng.integers(2, 9)))) for _ in range(length // 4)]
    return f"{seed}: " + " ".join(words)[:length]


def build_texts(tmp_path, texts, name="corpus", held_out=(), **settings):
    """Builds a corpus with one file for each text. The first `held_out` files are named for the test split."""
    folder = tmp_path / "texts"
    folder.mkdir(exist_ok=True)
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"{number:02}.txt")
        paths[-1].write_text(text, encoding="utf-8")
    domain = TextDomain(TextDomain.Settings(**settings))
    return build(
        domain, paths[len(held_out) :], tmp_path / name, held_out={"test": paths[: len(held_out)]} if held_out else None
    )


def texts_of(corpus, split: str) -> list[str]:
    return [record.item for record in Records(corpus.make_domain(), corpus.documents(split))]


@pytest.mark.parametrize("tokenizer", ["byte", "character"])
@pytest.mark.parametrize(
    "lengths", [[3_000], [41_000], [103_000], [260_000], [900, 60_000], [5_000] * 3, [50, 700, 2_000, 9_000, 80_000]]
)
def test_nine_tenths_are_trained_on_whatever_the_number_of_files(tmp_path, tokenizer, lengths):
    texts = [running_text(length, seed) for seed, length in enumerate(lengths)]
    corpus = build_texts(tmp_path, texts, tokenizer=tokenizer)
    sizes = {split: sum(map(len, texts_of(corpus, split))) for split in SPLITS}
    total = sum(sizes.values())
    assert total == sum(map(len, texts)), "no character is lost and none is in two splits"
    assert sizes["train"] / total == pytest.approx(0.9, abs=0.03)
    assert min(sizes["valid"], sizes["test"]) / total == pytest.approx(0.05, abs=0.02)
    assert any("90% train, 5% valid, 5% test" in remark for remark in corpus.remarks)


def test_the_vocabulary_of_a_text_that_is_cut_inside_is_that_of_its_training_part(tmp_path):
    corpus = build_texts(tmp_path, ["plain words " * 1000 + "ÄÖÜ" * 300])
    assert "Ä" not in "".join(corpus.vocabulary)


def test_a_text_that_is_cut_inside_is_found_again_as_a_duplicate(tmp_path):
    corpus = build_texts(tmp_path, [running_text(20_000), running_text(20_000), running_text(9_000, 1)])
    assert corpus.dropped == {"a duplicate": 1}
    assert [line["documents"] for line in corpus.sources()] == [3, 0, 3]


def test_a_file_named_for_a_split_is_not_cut(tmp_path):
    texts = [running_text(20_000), running_text(30_000, 1)]
    corpus = build_texts(tmp_path, texts, held_out=[0])
    assert texts_of(corpus, "test") == [texts[0]]
    assert "".join(texts_of(corpus, "train") + texts_of(corpus, "valid")) == texts[1]


def test_lines_are_not_cut(tmp_path):
    lines = [running_text(2_000, seed) for seed in range(3)]
    corpus = build_texts(tmp_path, ["\n".join(lines)], document="line")
    assert sorted(text for split in SPLITS for text in texts_of(corpus, split)) == lines


def test_texts_that_differ_in_unknown_words_only_are_no_duplicates(tmp_path):
    lines = ["the cat sat on the mat", "the dog sat on the mat", "the emu sat on the mat"] * 2
    for tokenizer in ("word", "character"):
        corpus = build_texts(
            tmp_path, ["\n".join([*lines, *["the sat on mat"] * 3])], tokenizer, document="line", tokenizer=tokenizer
        )
        assert corpus.dropped == {"a duplicate": 5}
