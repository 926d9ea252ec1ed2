"""Files from a server on this machine: fetched once, checked before they are used, whole or not there."""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
import time
import zipfile
from urllib.parse import quote

import pytest

from seqgen import CorpusError
from seqgen.corpus.recipes import downloads as fetching
from seqgen.corpus.recipes.recipes import find_recipe, read_recipe
from seqgen.workflows.build import build

TEXT = b"".join(b"A line of text, number %d.\n" % number for number in range(2000))


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


ARCHIVE = zipped(folder__a=TEXT, folder__b=b"more", c=b"not asked for")
BOOKS = zipped(books__one_txt=TEXT, books__two_txt=b"Another line.\n")
FILES = {"/data/books.zip": BOOKS, "/data/input.txt": TEXT, "/data/all.zip": ARCHIVE, "/data/broken.zip": ARCHIVE[:500]}
SONGS = {"1/one song.txt": b"La la.\n", "2/two.txt": b"Lo lo lo.\n", "3/three.txt": b"Li.\n"}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/data/slow":
            time.sleep(1)
        content = FILES.get(self.path.removeprefix("/cut")) or self.server.songs.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:1000] if self.path.startswith("/cut") else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.asked, made.songs = [], {}
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def recipe(server, tmp_path, install_recipes):
    """A recipe for what the server has at a path."""
    (tmp_path / "corpora").mkdir()
    install_recipes(tmp_path / "corpora")

    def do(path: str, *, content: bytes | None = None, size: int | None = None, members: tuple[str, ...] = ()):
        content = FILES[path] if content is None else content
        (tmp_path / "corpora" / "some.toml").write_text(
            f'name = "some"\ndomain = "text"\ndescription = "Some."\nlicence = "CC0-1.0"\n'
            f'[settings]\ndocument = "line"\n[source]\nurl = "http://127.0.0.1:{server.server_port}{path}"\n'
            f'sha256 = "{hashlib.sha256(content).hexdigest()}"\nbytes = {len(content) if size is None else size}\n'
            f"members = {list(members)}\n"
        )
        return find_recipe("some")

    return do


def test_it_is_fetched_once_and_told(recipe, server, tmp_path):
    told = []
    (path,) = recipe("/data/input.txt").files(lambda *done: told.append(done))
    assert path == tmp_path / "cache" / "seqgen" / "some" / "input.txt"
    assert path.read_bytes() == TEXT
    assert told[-1] == (len(TEXT), len(TEXT), "bytes")
    assert recipe("/data/input.txt").files() == [path]
    assert server.asked == ["/data/input.txt"]
    path.write_bytes(b"damaged")
    assert recipe("/data/input.txt").files()[0].read_bytes() == TEXT


def test_members_of_an_archive_are_files(recipe, server):
    asked = recipe("/data/all.zip", members=("folder/a", "folder/b"))
    for _ in range(2):
        assert [path.read_bytes() for path in asked.files()] == [TEXT, b"more"]
    assert {path.name for path in asked.files()[0].parent.iterdir()} == {"all.zip", "a", "b"}
    assert len(server.asked) == 1


def test_a_corpus_is_built_from_it(recipe, tmp_path):
    recipe("/data/input.txt")
    corpus = build(["some"], tmp_path / "corpus")
    assert sum(part["documents"] for part in corpus.manifest["splits"].values()) == 2000


def test_an_archive_is_read_without_unpacking_the_whole(recipe, server, tmp_path):
    recipe("/data/books.zip")
    corpus = build(["some"], tmp_path / "corpus")
    told = {line["path"]: line["documents"] for line in corpus.sources()}
    assert told == {"books.zip/books/one.txt": 2000, "books.zip/books/two.txt": 1}
    assert [path.name for path in (tmp_path / "cache" / "seqgen" / "some").iterdir()] == ["books.zip"]
    assert server.asked == ["/data/books.zip"]


@pytest.mark.parametrize(
    ("path", "options", "sentence"),
    [
        ("/data/input.txt", {"content": b"another"}, "is larger than 7 bytes"),
        ("/data/input.txt", {"content": b"another", "size": len(TEXT)}, "is another file than it was"),
        ("/cut/data/input.txt", {"content": TEXT}, "is another file than it was|cannot be fetched"),
        ("/data/none", {"content": b"x"}, "cannot be fetched .HTTP Error 404"),
        ("/data/slow", {"content": b"x"}, "cannot be fetched .*timed out"),
        ("/data/all.zip", {"members": ("nothing",)}, "does not hold what its recipe says"),
        ("/data/broken.zip", {"members": ("folder/a",)}, "does not hold what its recipe says"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_leaves_nothing(recipe, tmp_path, monkeypatch, path, options, sentence):
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.3)
    with pytest.raises(CorpusError, match=sentence):
        recipe(path, **options).files()
    left = {file.name for file in (tmp_path / "cache" / "seqgen" / "some").iterdir()}
    assert left <= {"all.zip", "broken.zip"}


@pytest.fixture
def songs(server, recipe, tmp_path):
    """A recipe for songs that lie below one address, with the list of them."""
    recipe("/data/input.txt")
    server.songs.update((f"/songs/{quote(name)}", content) for name, content in SONGS.items())
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in SONGS.items()]
    (tmp_path / "corpora" / "songs.sha256").write_text("".join(lines))
    text = (tmp_path / "corpora" / "some.toml").read_text().partition("url = ")[0]
    (tmp_path / "corpora" / "some.toml").write_text(
        f'{text}url = "http://127.0.0.1:{server.server_port}/songs/"\nlisted = "songs.sha256"\n'
        f"bytes = {sum(map(len, SONGS.values()))}\n"
    )
    return find_recipe("some")


def test_listed_files_are_fetched_one_by_one_and_what_is_there_is_not_fetched_again(songs, server, tmp_path):
    third = server.songs.pop("/songs/3/three.txt")
    with pytest.raises(CorpusError, match=r"songs/3/three.txt cannot be fetched .HTTP Error 404"):
        songs.files()
    server.songs["/songs/3/three.txt"] = third
    (tmp_path / "cache" / "seqgen" / "some" / "2" / "two.txt").write_bytes(b"damaged")
    told, server.asked = [], []
    files = songs.files(lambda *done: told.append(done))
    assert [path.read_bytes() for path in files] == list(SONGS.values())
    assert [path.relative_to(tmp_path / "cache" / "seqgen" / "some").as_posix() for path in files] == list(SONGS)
    assert server.asked == ["/songs/2/two.txt", "/songs/3/three.txt"]
    total = sum(map(len, SONGS.values()))
    assert told == [(total - 4, total, "bytes"), (total, total, "bytes")]
    corpus = build(["some"], tmp_path / "corpus")
    assert sum(part["documents"] for part in corpus.manifest["splits"].values()) == len(SONGS)


def test_a_listed_file_that_is_another_one_is_not_used(songs, server):
    server.songs["/songs/2/two.txt"] = b"Lo lo la.\n"
    with pytest.raises(CorpusError, match=r"songs/2/two.txt is another file than it was"):
        songs.files()


@pytest.mark.parametrize("line", ["no list", f"{'0' * 64}  ../above", f"{'0' * 64}  /root", f"{'0' * 63}  short"])
def test_a_wrong_list_is_one_sentence(songs, server, tmp_path, line):
    path = tmp_path / "corpora" / "songs.sha256"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(CorpusError, match=r"songs.sha256 is wrong in line 4; write"):
        songs.files()
    path.unlink()
    with pytest.raises(CorpusError, match=r"songs.sha256 cannot be read"):
        songs.files()


def test_pop909_lists_two_hundred_songs():
    recipe = find_recipe("pop909")
    names, digests = zip(*recipe.source.digests(recipe.folder), strict=True)
    assert list(names) == [f"{number:03}/{number:03}.mid" for number in range(1, 201)]
    assert len(set(digests)) == 200


def test_no_server_is_one_sentence(recipe, server):
    server.server_close()
    with pytest.raises(CorpusError, match=r"cannot be fetched .*check the connection, or put the file at"):
        recipe("/data/input.txt").files()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/file", "https://host", "https://host/folder/"])
def test_other_addresses_are_refused(recipe, tmp_path, url):
    recipe("/data/input.txt")
    path = tmp_path / "corpora" / "some.toml"
    path.write_text("".join(f'url = "{url}"\n' if line.startswith("url") else line for line in path.open()))
    with pytest.raises(CorpusError, match=r"wrong at 'source\.url"):
        read_recipe(path)
