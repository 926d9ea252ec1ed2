"""Texts on the page of samples are escaped, and the prompt is marked."""

from __future__ import annotations

from seqgen_text.display import TextDisplay


def test_the_prompt_is_marked_and_everything_is_escaped():
    display = TextDisplay()
    assert display.html("<b> & c", "<b>") == "<pre><mark>&lt;b&gt;</mark> &amp; c</pre>"
    assert display.html("a", "not its beginning") == display.html("a") == "<pre>a</pre>"
