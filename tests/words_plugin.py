"""A good plugin as source text. The tests and bench/broken_plugins.py break it in one place, and see what is said."""

from __future__ import annotations

WORDS_PLUGIN = '''
import string

import pluggy

from seqgen import Display, Domain, Example, Metrics, Vocabulary, atomic_write


class WordsDisplay(Display[str]):
    renderings = ("note",)

    def render(self, item, rendering, path, prompt_item=None):
        target = path.with_name(path.name + ".note")
        target.write_text(item)
        return target

    def html(self, item, prompt_item=None):
        return "<p></p>"


class WordsMetrics(Metrics[str]):
    def compare(self, held_out, samples):
        return {"count": 1.0}


class Words(Domain[str]):
    """Words, one to a line."""

    name = "words"
    interface_version = 2
    reads = (".words",)
    unit = "letter"
    display = WordsDisplay()
    metrics = WordsMetrics()

    def read(self, path):
        for word in path.read_text().split():
            yield word

    def learn(self, observations):
        return Vocabulary(string.ascii_lowercase)

    def encode(self, item):
        return Example.document([2 + string.ascii_lowercase.index(letter) for letter in item])

    def decode(self, ids):
        return "".join(string.ascii_lowercase[id - 2] for id in ids if id > 1)

    def write(self, item, path):
        target = path.with_name(path.name + ".words")
        with atomic_write(target) as temporary:
            temporary.write_text(item)
        return [target]


@pluggy.HookimplMarker("seqgen")
def seqgen_domain():
    return Words
'''


def changed(old: str, new: str) -> str:
    """Returns the plugin with `new` in the place where `old` occurs first."""
    assert old in WORDS_PLUGIN, old
    return WORDS_PLUGIN.replace(old, new, 1)
