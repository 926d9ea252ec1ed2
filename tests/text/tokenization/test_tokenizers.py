"""Units: any text can be written down in any of them and read back, and every token has a name that says what it is."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_text.domain import TextDomain
from seqgen_text.tokenization.token_names import BYTES, token_bytes, token_name
from texts import LEARNED, TOKENIZERS, learned, random_texts

from seqgen import BundleError, Options, UnusableFile, Vocabulary
from seqgen.contract.testing import check_domain

ODD = ["\x00", "<0xE2>", "<bos><eos><unk>", "\ufeff", "e\u0301", "\r\n\n", " ", "a" * 1000, "￿\U0010ffff", "   x  "]


@pytest.mark.parametrize("unit", ["byte", "character", "bpe"])
def test_any_text_comes_back(domains, unit):
    domain = domains[unit]
    for text in [*LEARNED, *ODD, *random_texts(300, 1)]:
        example = domain.encode(text)
        assert domain.decode(example.ids) == text
        assert domain.grammar().accepts(example.ids)


def test_a_word_that_training_never_saw_is_unknown(domains):
    domain = domains["word"]
    assert all(domain.decode(domain.encode(text).ids) == text for text in LEARNED)
    once = domain.decode(domain.encode("The quick zebra, the dog").ids)
    assert once == "The quick <unk>, the dog"
    assert domain.decode(domain.encode(once).ids) == once
    for text in [*ODD, *random_texts(100, 2)]:
        ids = domain.encode(text).ids
        assert domain.encode(domain.decode(ids)).ids.tolist() == ids.tolist()


@pytest.mark.parametrize("unit", TOKENIZERS)
def test_the_laws_of_a_domain(unit, tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("The quick dog sleeps.", encoding="utf-8")
    # Several sequences of ids stand for one text, but where there is one token a byte.
    check_domain(learned(unit), [path], walks=30, exact=unit == "byte")


@pytest.mark.parametrize("unit", TOKENIZERS)
def test_every_walk_is_a_text(domains, unit):
    """No sample can be anything but UTF-8: a character that was begun is finished."""
    domain = domains[unit]
    for seed in range(30):
        ids = domain.grammar().walk(np.random.default_rng(seed), 200)
        data = b"".join(domain.tokenizer.strings[number - 2] for number in ids.tolist() if number > 1)
        if ids[-1] == 1:
            assert data.decode("utf-8") == domain.decode(ids)
        else:
            assert data.decode("utf-8", "ignore").startswith(domain.decode(ids))


def test_a_text_that_is_cut_inside_a_character_loses_that_character_alone(domains):
    for unit in ("byte", "bpe"):
        domain = domains[unit]
        ids = domain.encode("aß京😀z").ids[:-1]
        seen = [domain.decode(ids[:size]) for size in range(1, len(ids) + 1)]
        assert set(seen) == {"", "a", "aß", "aß京", "aß京😀", "aß京😀z"}


@pytest.mark.parametrize("unit", TOKENIZERS)
def test_a_stream_gives_whole_characters_in_their_order(domains, unit):
    domain = domains[unit]
    for text in random_texts(20, 3):
        ids, rng = domain.encode(text).ids, np.random.default_rng(0)
        cuts = np.sort(rng.integers(0, len(ids), 5))
        pieces = list(domain.prompting.stream_text(np.split(ids, cuts)))
        assert "".join(pieces) == domain.decode(ids)
        assert "\ufffd" not in "".join(pieces) or "\ufffd" in text


def test_names_say_what_a_token_is_and_give_it_back():
    assert token_name(b"abc") == "abc"
    assert token_name("é".encode()) == "é"
    assert token_name(b"\xe2") == "<0xE2>"
    assert token_name(b"\n") == "<0x0A>"
    assert token_name(b"<0xE2>") == "".join(f"<0x{byte:02X}>" for byte in b"<0xE2>")
    rng = np.random.default_rng(0)
    strings = {bytes([number]) for number in range(256)} | {text.encode() for text in [*ODD, *random_texts(300, 4)]}
    strings |= {rng.bytes(int(rng.integers(1, 9))) for _ in range(300)} | {b"<unk>", b"<bos>", b"<eos>"}
    names = {token_name(data): data for data in strings}
    assert len(names) == len(strings)
    assert all(token_bytes(name) == data for name, data in names.items())
    assert not {"<unk>", "<bos>", "<eos>"} & set(names)


def test_learning_keeps_to_the_size_and_to_what_is_frequent():
    for unit in ("character", "bpe", "word"):
        asked = TextDomain.Settings(tokenizer=unit, vocabulary_size=300)
        many = ["".join(chr(0x4E00 + number) + " " for number in range(400)) + "\u4e05" * 9, "the cat " * 50]
        learned = TextDomain(asked).learn(many)
        vocabulary = learned.vocabulary
        assert len(vocabulary) <= 300
        assert {"character": "\u4e05", "bpe": " cat", "word": " cat"}[unit] in vocabulary
        assert TextDomain(asked).learn(reversed(many)) == learned


def test_bpe_encodes_as_the_library_does_with_the_merges_that_it_learned():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    reference = Tokenizer(models.BPE())
    reference.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    reference.train_from_iterator(
        LEARNED, trainers.BpeTrainer(vocab_size=398, initial_alphabet=alphabet, show_progress=False)
    )
    domain = learned("bpe")
    for text in [*LEARNED, "The boxes jump over großen zebras", *random_texts(50, 5)]:
        assert len(domain.encode(text).ids) - 2 == len(reference.encode(text).ids)


def test_a_vocabulary_of_another_unit_is_refused():
    for unit, names in {"word": ["a"], "character": [*map(token_name, BYTES), "<0xE2><0x82>"], "bpe": ["a"]}.items():
        with pytest.raises(BundleError, match="does not fit the tokenizer"):
            TextDomain(TextDomain.Settings(tokenizer=unit), Vocabulary(names))


def test_half_a_surrogate_pair_is_no_text(domains):
    with pytest.raises(UnusableFile, match="surrogate"):
        domains["byte"].encode("\ud800")


def test_what_is_measured_is_the_text_and_not_its_tokens(domains):
    for domain in domains.values():
        assert isinstance(domain.settings, Options)
        assert domain.metrics.sizes("aß京") == {"character": 3, "byte": 6}
