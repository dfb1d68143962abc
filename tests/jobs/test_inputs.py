"""Tests of input listing and splits: every way of naming files, and one clear line for each way of getting it wrong."""

from __future__ import annotations

import builtins
import functools
import gzip
import http.server
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from jobs.sources.inputs import InputError, InputFile, list_inputs, open_input, plan_splits
from udfs.warc import read_warc

WARC = gzip.compress(
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x:a>\r\nWARC-Target-URI: http://example.org/\r\n"
    b"Content-Type: application/http\r\nContent-Length: 20\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx\r\n\r\n",
    mtime=0,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make folders with inputs and things that are none."""
    for name in (
        "a/x.warc.gz",
        "a/b/y.warc",
        "a/z.warc.wet.gz",
        "a/_old/v.warc.gz",
        "a/.w.warc.gz",
        "a/notes.txt",
        "c/x.warc.gz",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def keys(files: list[InputFile]) -> list[str]:
    """Keys of files."""
    return [file.key for file in files]


@pytest.mark.parametrize(
    ("paths", "format", "expected"),
    [
        (["a"], "warc", ["b/y.warc", "x.warc.gz"]),
        (["a/"], "warc", ["b/y.warc", "x.warc.gz"]),
        (["a"], "wet", ["z.warc.wet.gz"]),
        (["."], "warc", ["a/b/y.warc", "a/x.warc.gz", "c/x.warc.gz"]),
        (["*/x.warc.gz"], "warc", ["a/x.warc.gz", "c/x.warc.gz"]),
        (["a/*"], "warc", ["b/y.warc", "x.warc.gz"]),
        (["a/**/y.wa?c"], "warc", ["b/y.warc"]),
        (["a/b/y.warc"], "warc", ["y.warc"]),
        (["a/b/y.warc", "a"], "warc", ["b/y.warc", "x.warc.gz"]),
        (["a/../a/b/y.warc", "a/b/y.warc"], "warc", ["y.warc"]),
        (["a/notes.txt"], "warc", ["notes.txt"]),
    ],
)
def test_paths_become_files_with_keys(tree: Path, paths: list[str], format: str, expected: list[str]) -> None:
    """Files, folders and globs give their files once, sorted, named from the root that was given, in any order of paths."""
    paths = [f"{tree}/{path}" for path in paths]
    files = list_inputs(paths, format=format)
    assert keys(files) == expected
    assert list_inputs(paths[::-1], format=format) == files
    for file in files:
        seen = os.stat(file.path)
        assert (file.size, file.version) == (seen.st_size, str(seen.st_mtime_ns))


def test_relative_paths_and_brackets(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths work, and a file whose name looks like a glob is found by its name."""
    monkeypatch.chdir(tree / "a")
    (tree / "a/q[1].warc").write_bytes(b"x")
    assert keys(list_inputs(["q[1].warc"], format="warc")) == ["q[1].warc"]
    assert list_inputs(["b"], format="warc")[0].path == str(tree / "a/b/y.warc")


LINES = "crawl-data/X/segments/1/warc/one.warc.gz\n\ncrawl-data/X/segments/1/warc/two.warc.gz\n"


@pytest.mark.parametrize("name", ["warc.paths", "warc.paths.gz"])
@pytest.mark.parametrize("place", ["list/crawl-data/X/segments/1/warc", "list", "base/crawl-data/X/segments/1/warc"])
def test_listings_name_their_files(tmp_path: Path, name: str, place: str) -> None:
    """The lines of a listing are found beside it, by path or base name, or below the base; they are the keys."""
    (tmp_path / "list").mkdir()
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    for file in ("one", "two"):
        (tmp_path / place / f"{file}.warc.gz").write_bytes(b"x")
    content = LINES.encode()
    (tmp_path / "list" / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    files = list_inputs([f"{tmp_path}/list/{name}"], format="warc", base=f"{tmp_path}/base/")
    assert keys(files) == LINES.split()
    assert [file.path for file in files] == [str(tmp_path / place / f"{n}.warc.gz") for n in ("one", "two")]


@pytest.mark.parametrize(
    ("paths", "format", "said"),
    [
        ([], "warc", "no input paths"),
        (["{tree}/a"], "zip", "'zip' is not known; it is one of warc, wet, parquet, jsonl"),
        (["{tree}/nowhere"], "warc", "{tree}/nowhere: there is no such file"),
        (["{tree}/nowhere*.warc"], "warc", "{tree}/nowhere*.warc: no warc file there"),
        (["{tree}/a"], "parquet", "{tree}/a: no parquet file there"),
        (["{tree}/a", "{tree}/c"], "warc", "{tree}/a/x.warc.gz and {tree}/c/x.warc.gz have one key 'x.warc.gz'"),
        (["{tree}/lost.paths"], "warc", "{tree}/lost.paths: there is no such file"),
        (["{tree}/empty.paths"], "warc", "{tree}/empty.paths: the listing names no files"),
        (["{tree}/some.paths"], "warc", "{tree}/some.paths: q.warc.gz is not beside the listing"),
        (["{tree}/packed.paths.gz"], "warc", "{tree}/packed.paths.gz: cannot be read"),
        (["nosuch://a/b.warc"], "warc", "nosuch://a/b.warc: cannot be read"),
        (["http://127.0.0.1:9/a.warc"], "warc", "http://127.0.0.1:9/a.warc: there is no such file"),
    ],
)
def test_mistakes_are_named_in_one_line(tree: Path, paths: list[str], format: str, said: str) -> None:
    """Whatever is wrong with a path, one line says which path and what."""
    (tree / "empty.paths").write_text("\n")
    (tree / "some.paths").write_text("q.warc.gz\n")
    (tree / "packed.paths.gz").write_text("not gzip")
    with pytest.raises(InputError) as caught:
        list_inputs([path.format(tree=tree) for path in paths], format=format)
    assert said.format(tree=tree) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_may_not_be_read_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without permission is found out at the start, not in the middle of a run."""

    def refuse(path: str, *rest: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(InputError, match=r"x\.warc\.gz: may not be read"):
        list_inputs([f"{tree}/a/x.warc.gz"], format="warc")


def test_a_missing_s3_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without s3fs the line says what to install."""

    def missing(path: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(InputError, match=r"^s3://bucket/a\.warc: .*install woolmill\[s3\]$"):
        list_inputs(["s3://bucket/a.warc"], format="warc")


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """A name that no table could hold is a mistake of the input."""
    (tmp_path / os.fsdecode(b"\xff.warc")).write_bytes(b"x")
    with pytest.raises(InputError, match="not UTF-8"):
        list_inputs([str(tmp_path)], format="warc")


def test_split_keys_are_pinned() -> None:
    """A split's key is xxh3_64 of the file's key, a NUL and the first byte: outputs are named by it for ever."""
    (split,) = plan_splits([InputFile("/d/a.warc.gz", "a.warc.gz", 10, "v")], split_bytes=100)
    assert split.key == xxhash.xxh3_64_hexdigest(b"a.warc.gz\x000") == "d3b05346a5f01123"
    assert (split.path, split.file, split.start, split.end, split.size, split.version) == (
        ("/d/a.warc.gz", "a.warc.gz", 0, 10, 10, "v")
    )


SIZES = st.dictionaries(st.from_regex(r"[a-c]{1,4}\.(warc|warc\.gz|parquet|jsonl\.gz|gz)", fullmatch=True), st.integers(0, 500))


@given(SIZES, st.integers(1, 200), st.randoms())
def test_splits_cover_files_exactly(sizes: dict[str, int], split_bytes: int, random) -> None:  # type: ignore[no-untyped-def]
    """Splits of a file join without gap or overlap, only WARCs are cut, keys are unique and the order of files is nothing."""
    files = [InputFile(f"/d/{key}", key, size, "v") for key, size in sizes.items()]
    splits = plan_splits(files, split_bytes=split_bytes)
    random.shuffle(files)
    assert plan_splits(files, split_bytes=split_bytes) == splits
    assert len({split.key for split in splits}) == len(splits)
    for file in files:
        own = [split for split in splits if split.file == file.key]
        assert [s.start for s in own] == [0, *(s.end for s in own[:-1])]
        assert own[-1].end == file.size
        if file.key.endswith((".warc", ".warc.gz")):
            assert all(s.end - s.start == split_bytes for s in own[:-1])
        else:
            assert len(own) == 1


def test_splits_need_a_size() -> None:
    """A split of no bytes is a mistake."""
    with pytest.raises(InputError, match="0 bytes"):
        plan_splits([], split_bytes=0)


class Ranges(http.server.SimpleHTTPRequestHandler):
    """A web server that answers for ranges, as object stores do."""

    def do_GET(self) -> None:
        body = Path(self.translate_path(self.path)).read_bytes()
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = body[int(first) : int(last or len(body)) + 1]
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Whole(http.server.SimpleHTTPRequestHandler):
    """A web server that knows no ranges."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(params=[Ranges, Whole])
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Serve a folder on loopback."""
    handler = functools.partial(request.param, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_web_server_is_an_input(web: str, tmp_path: Path) -> None:
    """A file and a listing on the web are read like local ones, from servers with and without ranges."""
    (tmp_path / "crawl-data").mkdir()
    (tmp_path / "crawl-data" / "one.warc.gz").write_bytes(WARC * 3)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "warc.paths").write_text("crawl-data/one.warc.gz\n")
    (by_name,) = list_inputs([f"{web}/crawl-data/one.warc.gz"], format="warc")
    (by_list,) = list_inputs([f"{web}/lists/warc.paths"], format="warc", base=web)
    assert (by_name.key, by_list.key) == ("one.warc.gz", "crawl-data/one.warc.gz")
    assert by_name.size == by_list.size == len(WARC) * 3
    assert by_name.path == by_list.path == f"{web}/crawl-data/one.warc.gz"
    with open_input(by_name.path) as source:
        assert len(list(read_warc(source, start=1))) == 2
    with pytest.raises(InputError, match=r"missing\.warc: there is no such file"):
        list_inputs([f"{web}/missing.warc"], format="warc")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a bucket on loopback."""
    moto = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    files.mkdir("crawls")
    files.pipe("crawls/2026/one.warc.gz", WARC * 3)
    files.pipe("crawls/2026/part/two.warc.gz", WARC)
    yield "s3://crawls"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def test_a_bucket_is_an_input(bucket: str) -> None:
    """Objects, prefixes and globs on S3 are read like files; the ETag is their version."""
    expected = ["one.warc.gz", "part/two.warc.gz"]
    files = list_inputs([f"{bucket}/2026"], format="warc")
    assert keys(files) == expected
    assert [file.path for file in files] == [f"{bucket}/2026/{key}" for key in expected]
    assert all(len(file.version) == 32 for file in files)
    assert list_inputs([f"{bucket}/2026/**"], format="warc") == files
    assert list_inputs([f"{bucket}/2026/one.warc.gz"], format="warc") == files[:1]
    with open_input(files[0].path) as source:
        assert len(list(read_warc(source, start=1))) == 2
    with pytest.raises(InputError, match=r"^s3://crawls/2027: there is no such file"):
        list_inputs([f"{bucket}/2027"], format="warc")
