"""A label becomes the name of a folder, whatever is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from seqgen_sentiment.labelled_item import LabelledItem, labelled_path


@pytest.mark.parametrize(
    ("label", "folder"),
    [("pos", "pos"), (None, "unlabelled"), ("", "unlabelled"), ("../\0x", "__x"), ("..", "_"), ("a/b", "a_b")],
)
def test_the_folder_of_a_label(label, folder):
    assert labelled_path(LabelledItem("content", label), Path("out/sample-1")) == Path("out") / folder / "sample-1"
