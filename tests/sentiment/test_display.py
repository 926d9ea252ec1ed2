"""The label is shown above the content, and renderings are in a folder that is named after it."""

from __future__ import annotations

from labelled_texts import learned
from seqgen_sentiment.labelled_item import LabelledItem


def test_the_label_is_escaped_above_the_content():
    display = learned().display
    item = LabelledItem("the film", "<pos>")
    assert display.html(item, LabelledItem("the")) == "<p>&lt;pos&gt;</p>\n<pre><mark>the</mark> film</pre>"
    assert display.html(LabelledItem("the film")) == "<pre>the film</pre>"
