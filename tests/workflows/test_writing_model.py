"""The files of samples."""

from __future__ import annotations

import dataclasses


def test_a_sample_is_written_with_its_renderings_and_shown_on_a_page(trained, tmp_path):
    (sample,) = trained.sample(1, constraints={"bars": 1}, seed=3)
    files = trained.write(sample, tmp_path)
    assert {path.stem for path in files} == {"midi-3-1"}
    assert {path.suffix for path in files} >= {".mid", ".png"}
    page = trained.write_page([(sample, files)], tmp_path, {"bars": 1})
    assert page.name == "midi-3.html"
    assert "midi-3-1.mid" in page.read_text()


def test_an_item_alone_has_no_renderings(trained, tmp_path):
    (sample,) = trained.sample(1, constraints={"bars": 1}, seed=3)
    (path,) = trained.write_item(dataclasses.replace(sample, number=4), tmp_path)
    assert path.name == "midi-3-5.mid"
