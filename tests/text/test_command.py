"""A model of texts by the command: training, prompts, streams, constraints and evaluation."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from commands import exit_code
from texts import LEARNED

import seqgen
from seqgen import SeqgenWarning, UsageError
from seqgen.corpus.storage.store import Corpus
from seqgen.errors import BrokenStream
from seqgen.workflows.evaluate import copied_passages, evaluation_report
from seqgen.workflows.reports.copied_passages import longest_copied_passages

ENGINE = {"batch_size": 4, "bptt_length": 16, "num_evaluations": 2}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Returns the folder of a BPE model that was trained for some steps on lines."""
    folder = tmp_path_factory.mktemp("text")
    rng = np.random.default_rng(0)
    words = " ".join(LEARNED).split()
    (folder / "some.txt").write_text("\n".join(" ".join(rng.choice(words, 12)) for _ in range(60)), encoding="utf-8")
    settings = {**ENGINE, "document": "line", "tokenizer": "bpe", "vocabulary_size": 300}
    seqgen.train([folder / "some.txt"], folder / "run", domain="text", size="tiny", steps=8, settings=settings)
    return folder / "run"


@pytest.fixture(scope="module")
def trained(run):
    return seqgen.load(run)


@pytest.fixture
def call(monkeypatch, capsysbinary):
    """Returns a function that calls seqgen, and returns the exit code and what is printed.

    If the exit code is not 0, that is standard error.
    """

    def do(*arguments):
        code = exit_code(monkeypatch, *arguments)
        out, err = (part.decode("utf-8") for part in capsysbinary.readouterr())
        return code, err if code else out

    return do


def test_a_stream_is_what_is_written(call, run, tmp_path):
    options = ["-n", "2", "--seed", "3", "--max-new-tokens", "40", "--set", "length=30"]
    code, printed = call("sample", run, "--stream", *options)
    assert code == 0
    assert call("sample", run, "-o", tmp_path, *options)[0] == 0
    written = [(tmp_path / f"text-3-{number}.txt").read_text(encoding="utf-8") for number in (1, 2)]
    assert printed == "".join(text + "\n" for text in written)


def test_a_prompt_is_a_text_or_a_file(call, run, trained, tmp_path):
    file, digits = tmp_path / "primer.txt", {"pattern": "[0-9]{3}"}
    file.write_text("Zwölf 😀\n", encoding="utf-8")
    for prompt, beginning in ((str(file), "Zwölf 😀"), (file, "Zwölf 😀"), ("x" * 5000, "x" * 5000)):
        (sample,) = trained.sample(prompt=prompt, constraints=digits)
        assert re.fullmatch(re.escape(beginning) + "[0-9]{3}", sample.item)
        assert "".join(trained.stream(prompt=prompt, constraints=digits)) == sample.item
    code, printed = call("sample", run, "--stream", "-n", "1", "--prompt", "The fox ", "--set", "pattern=[0-9]{3}")
    assert code == 0
    assert re.fullmatch("The fox [0-9]{3}\n", printed)


def test_a_prompt_that_looks_like_a_file_but_is_none_asks_back(call, run):
    for prompt in ("nosuch.txt", "some/song.mid"):
        code, printed = call("sample", run, "--stream", "-n", "1", "--prompt", prompt)
        assert (code, f"There is no file {prompt}" in printed) == (1, True)
        options = ["-n", "1", "--prompt", f"{prompt} ", "--max-new-tokens", "5"]
        assert call("sample", run, "--stream", *options)[1].startswith(prompt)


def test_each_document_of_a_prompt_file_is_continued(call, run, trained, tmp_path):
    (tmp_path / "one.txt").write_text("first\n")
    (tmp_path / "two.txt").write_text("first\nsecond\n")
    alone = trained.sample(2, prompt=tmp_path / "one.txt", max_new_tokens=3)
    samples = trained.sample(2, prompt=tmp_path / "two.txt", max_new_tokens=3)
    assert [sample.label for sample in alone] == ["0-1", "0-2"]
    assert [sample.label for sample in samples] == ["0-1-1", "0-1-2", "0-2-1", "0-2-2"]
    assert [sample.item[:5] for sample in samples] == ["first", "first", "secon", "secon"]
    assert [sample.item for sample in samples[:2]] == [sample.item for sample in alone]
    request = ["-n", "2", "--max-new-tokens", "3", "--prompt", tmp_path / "two.txt"]
    assert call("sample", run, "-o", tmp_path / "out", *request)[0] == 0
    assert {path.stem for path in (tmp_path / "out").glob("*.txt")} == {f"text-{sample.label}" for sample in samples}
    assert "text-0-2-2" in (tmp_path / "out" / "text-0.html").read_text()
    _, printed = call("sample", run, "--stream", *request)
    begins = [line[:5] for line in printed.splitlines() if line[:5] in ("first", "secon")]
    assert begins == ["first", "first", "secon", "secon"]
    with pytest.raises(UsageError, match="A stream continues one document, and the prompt has 2"):
        list(trained.stream(prompt=tmp_path / "two.txt"))
    found = trained.beam_search(1, num_beams=2, prompt=tmp_path / "two.txt", max_new_tokens=3)
    assert [beam.label for beam in found] == ["beam-1-1", "beam-2-1"]


def test_a_stream_masks_the_next_token_and_says_when_the_document_is_not_accepted(trained, monkeypatch):
    prompt = trained.domain.checked_prompt()
    short = trained.domain.checked_prompt(None, trained.domain.Constraints(length="3"))
    allowed = np.array([len(name) < 2 or name[0] == "<" for name in trained.domain.vocabulary.names])
    monkeypatch.setattr(trained.domain, "checked_prompt", lambda *_: replace(prompt, next_tokens=lambda ids: allowed))
    (sample,) = trained.sample(1, seed=3, max_new_tokens=20)
    assert allowed[sample.ids[1:]].all()
    assert "".join(trained.stream(seed=3, max_new_tokens=20)) == sample.item
    monkeypatch.setattr(trained.domain, "checked_prompt", lambda *_: replace(short, accepts=lambda ids: True))
    assert "".join(trained.stream(seed=3, constraints={"length": "3"}))
    monkeypatch.setattr(trained.domain, "checked_prompt", lambda *_: replace(short, accepts=lambda ids: False))
    with pytest.raises(BrokenStream, match="The domain does not accept what was drawn"):
        list(trained.stream(seed=3, constraints={"length": "2"}))


def test_a_stream_says_when_it_is_cut_off(trained):
    with pytest.warns(SeqgenWarning, match="Sample 1 was cut off"):
        list(trained.stream(constraints={"length": "200"}, max_new_tokens=3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(trained.stream(constraints={"length": "3"}))


def test_samples_of_other_options_are_not_written_over(call, run, tmp_path):
    options = ["-n", "1", "--max-new-tokens", "30", "-o", tmp_path]
    assert call("sample", run, *options)[0] == 0
    assert call("sample", run, *options)[0] == 0
    before = (tmp_path / "text-0-1.txt").read_bytes()
    code, printed = call("sample", run, *options, "--set", "starts_with=Zw")
    assert (code, "--overwrite" in printed) == (2, True)
    assert (tmp_path / "text-0-1.txt").read_bytes() == before
    assert call("sample", run, *options, "--set", "starts_with=Zw", "--overwrite")[0] == 0
    assert (tmp_path / "text-0-1.txt").read_bytes() != before


def test_evaluate_counts_by_character_and_byte_whatever_the_tokenizer(call, run, trained):
    corpus = Corpus.open(run / "corpus")
    evaluated, documents, train = (
        evaluation_report(trained, corpus),
        corpus.documents("test"),
        corpus.documents("train"),
    )
    held_out = [trained.domain.decode(documents[number][0]) for number in range(len(documents))]
    bits = evaluated["nats"] * evaluated["tokens"] / np.log(2)
    assert evaluated["bits"]["character"] == pytest.approx(bits / sum(map(len, held_out)))
    assert evaluated["bits"]["byte"] == pytest.approx(bits / sum(len(text.encode()) for text in held_out))
    assert evaluated["perplexity"] == pytest.approx(np.exp(evaluated["nats"]))
    assert 0 <= evaluated["metrics"]["distinct-1, samples"] <= 1
    samples = [sample.ids for sample in trained.sample(16)]
    copies = longest_copied_passages(samples, train, trained.domain.metrics.copy_symbols)
    lengths = [copy.length for copy in copies]
    assert evaluated["novelty"]["most, samples"] == max(lengths)
    assert evaluated["novelty"]["mean, samples"] == pytest.approx(np.mean(lengths))
    assert [copy["length"] for copy in evaluated["copies"]] == lengths
    lines = (run.parent / "some.txt").read_text(encoding="utf-8").split("\n")
    for copy, where in zip(evaluated["copies"], copied_passages(trained.domain, corpus, samples)[0], strict=True):
        assert (copy["source"], copy["word_for_word"]) == ("some.txt", True)
        # Every line is kept, so documents are counted as lines are; a copy of one is no document.
        source = list(dict.fromkeys(lines))[copy["document"] - 1]
        ids = train[where.document][0]
        assert source == trained.domain.decode(ids)
        assert source.startswith(trained.domain.decode(ids[: where.corpus_span[0]]))
        assert copy["source_at"]["character"] == len(trained.domain.decode(ids[: where.corpus_span[0]]))
    code, printed = call("evaluate", run)
    assert code == 0
    assert f"{evaluated['bits']['byte']:.4f} bits a byte" in printed
    assert "some.txt, document" in printed


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--set", "pattern=(", "--stream"], 2, "not a regular expression"),
        (["--set", "pattern=a+", "--set", "length=0", "--stream"], 1, "at once"),
        (["--set", "length=2-1", "--stream"], 2, "minimum is above the maximum"),
        ([], 2, "Say -o FOLDER, or --stream"),
        (["--stream", "-o", "x"], 2, "Say -o FOLDER, or --stream"),
        (["--stream", "--json"], 2, "Say -o FOLDER, or --stream"),
    ],
)
def test_trouble_is_one_sentence(call, run, arguments, code, sentence):
    got, err = call("sample", run, *arguments)
    assert (got, sentence in err, err.count("\n")) == (code, True, 1)


def test_every_sample_satisfies_its_constraints(trained):
    for constraints in (
        {"pattern": r'\{"a": [0-9]{1,3}(, "b": "[a-z ]{2,8}")?\}'},
        {"starts_with": "The ", "length": "9"},
    ):
        for sample in trained.sample(8, constraints=constraints, seed=1):
            assert sample.ended
            assert re.fullmatch(constraints.get("pattern", "The (?s:.{5})"), sample.item)


def test_the_distribution_under_a_pattern_is_that_of_the_model_renormalised_at_each_step(trained):
    """All token sequences of a pattern are enumerated, and compared with 2 000 samples (chi-squared, 99.9 %)."""
    domain = trained.domain
    prompt = domain.prompting.prompt(None, domain.Constraints(pattern="a[bc]|(de)?f"))
    expected: dict[str, float] = {}

    def spread(ids: list[int], state: int, probability: float) -> None:
        raw = trained.probabilities(np.array(ids, np.int32))[-1]
        allowed = np.where(prompt.grammar.allowed[state], raw, 0)
        for token in np.flatnonzero(allowed).tolist():
            share = probability * float(allowed[token] / allowed.sum())
            if token == seqgen.EOS:
                text = domain.decode(np.array(ids, np.int32))
                expected[text] = expected.get(text, 0) + share
            else:
                spread([*ids, token], int(prompt.grammar.next_state[state, token]), share)

    spread([seqgen.BOS], prompt.grammar.start, 1.0)
    assert set(expected) == {"ab", "ac", "def", "f"}
    assert sum(expected.values()) == pytest.approx(1, abs=1e-4)
    drawn = [sample.item for sample in trained.sample(2000, constraints={"pattern": "a[bc]|(de)?f"}, max_new_tokens=8)]
    counts = np.array([drawn.count(text) for text in expected])
    expected_counts = 2000 * np.array(list(expected.values()))
    assert ((counts - expected_counts) ** 2 / expected_counts).sum() < 16.27
