"""The page that draws: what it draws is valid, in Node and in Chromium, and it is one file that loads nothing."""

from __future__ import annotations

import json
import re
from html import unescape

import numpy as np
import pytest
from workflows.drawing_page.javascript import page_after, run_in_node

from seqgen import UsageError
from seqgen.workflows.drawing_page.page import check_sampling

CONSTRAINTS = {"bars": 2, "time_signature": "3/4"}
DRAWN = """
const page = require("fs").readFileSync("index.html", "utf8");
readModel(page.match(/id="model">([^<]*)</)[1]).then((model) => {
  const documents = [1, 2, 3].map((seed) => {
    const drawing = drawDocument(model, seed, model.about.sampling);
    let step;
    do step = drawing.next(); while (!step.done);
    const { ids } = step.value;
    return { ids: Array.from(ids), file: Array.from(midiFile(decodeChorale(ids))) };
  });
  console.log(JSON.stringify(documents));
});
"""


@pytest.fixture(scope="module")
def page(trained, tmp_path_factory):
    (path,) = trained.export(tmp_path_factory.mktemp("page"), "html", constraints=CONSTRAINTS)
    return path


def test_documents_are_valid_and_their_files_hold_the_same_notes(trained, page, monkeypatch, tmp_path):
    monkeypatch.chdir(page.parent)
    domain = trained.domain
    prompt = domain.checked_prompt(None, domain.Constraints(**CONSTRAINTS, parallels=False))
    without_document = "globalThis.document = { querySelectorAll: () => [] };"
    drawn = run_in_node(DRAWN, tmp_path, without_document, domain.browser.script())
    assert len({tuple(one["ids"]) for one in drawn}) == 3
    for number, one in enumerate(drawn):
        ids, file = np.array(one["ids"], np.int32), tmp_path / f"{number}.mid"
        assert prompt.grammar.accepts(ids)
        broken = prompt.relations.forbidden_after(ids, prompt.grammar.state_class[prompt.grammar.unroll(ids)])
        assert not broken[np.arange(len(ids) - 1), ids[1:]].any()
        file.write_bytes(bytes(one["file"]))
        (piece,) = domain.read(file)
        np.testing.assert_array_equal(domain.encode(piece).ids, ids)


def test_the_page_draws_in_a_browser(trained, page, tmp_path):
    html = page_after(page, 20_000, tmp_path)
    ids = np.array(json.loads(unescape(re.search(r'data-ids="([^"]*)"', html)[1])), np.int32)
    domain = trained.domain
    assert domain.checked_grammar(domain.Constraints(**CONSTRAINTS)).accepts(ids)
    assert f"{len(ids)} tokens in" in html
    notes = json.loads(unescape(re.search(r'data-notes="([^"]*)"', html)[1]))
    assert len(notes) == len(domain.decode(ids))
    assert 'download="midi-1.mid"' in html
    assert '<span class="title">3/4  ·  2 bars  ·  ' in html


def test_the_page_is_one_file_that_loads_nothing(page):
    html = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r'(src|href)="', html)
    assert list(page.parent.iterdir()) == [page]


def test_sampling_that_the_page_cannot_do_is_refused():
    about = {"domain": "d", "sampling": {"repetition_penalty": 1, "no_repeat_ngram_size": 0}, "filters": {}}
    check_sampling(about)
    with pytest.raises(UsageError, match="'d' is sampled with typical"):
        check_sampling({**about, "filters": {"typical": 0.9}})
    with pytest.raises(UsageError, match="repetition_penalty"):
        check_sampling({**about, "sampling": {"repetition_penalty": 1.2, "no_repeat_ngram_size": 0}})
