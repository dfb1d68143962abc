"""Block lists: suffixes, paths, words, allow lists, what is refused, and the test crawl."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.blocklist import DEFAULT_CATEGORIES, BlockHit, BlockList, BlockListError, seed_folder
from udfs.blocklist.lists import hashed_lines, host_of_entry
from udfs.blocklist.table import hashes_of
from udfs.urls import host_of, is_ip_address, is_public_suffix

DATA = os.environ.get("WOOLMILL_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="WOOLMILL_DATA is not set; it names the folder of the test data")
SEEDS = BlockList.load([seed_folder()])


def lists(folder: Path, **entries: str) -> str:
    """Write lists named ``category_kind`` and return their folder."""
    for name, text in entries.items():
        category, _, kind = name.partition("_")
        ending = kind if kind in ("domains", "urls") else f"{kind}.txt"
        (folder / f"{category}.{ending}").write_text("\n".join(text.split()) + "\n", encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def one_entry(tmp_path_factory: pytest.TempPathFactory) -> BlockList:
    """A list of one host."""
    return BlockList.load([lists(tmp_path_factory.mktemp("one"), adult_domains="b.c.example")])


def crawl() -> list[dict[str, Any]]:
    """Return the truth of the test crawl."""
    assert DATA
    with gzip.open(Path(DATA) / "warc" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def wrongly_hit(rows: list[dict[str, Any]], blocklist: BlockList) -> list[str]:
    """Return the URLs of blocked pages that must stay, or are there to trap word rules."""
    innocent = (
        row
        for row in rows
        if row["expect"] == "keep" or row["reason"] == "ok_false_positive_trap" or "adult_keyword_harmless" in row["kind"]
    )
    return [row["url"] for row in innocent if blocklist.match(row["url"])]


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("http://bad.example/", "bad.example"),
        ("https://WWW.Bad.example:8080/a?b#c", "bad.example"),
        ("http://a.b.bad.example/x", "bad.example"),
        ("http://notbad.example/", None),
        ("http://bad.example.org/", None),
        ("http://192.0.2.7/a", "192.0.2.7"),
        ("http://3221225991/", "192.0.2.7"),
        ("http://5.192.0.2/", None),
        ("http://xn--bse-sna.example/", "xn--bse-sna.example"),
        ("http://host.example/bad", "host.example/bad"),
        ("http://host.example/bad/deep/page?x=1", "host.example/bad"),
        ("http://host.example/badly", None),
        ("http://host.example/Bad", None),
        ("http://sub.host.example/bad", None),
        ("http://host.example/ask?q=1", "host.example/ask?q=1"),
        ("http://host.example/ask?q=2", None),
        ("http://home.example/", "home.example/"),
        ("http://home.example/other", None),
        ("http://2001.example/", None),
        ("mailto:a@bad.example", None),
        ("", None),
    ],
)
def test_hosts_and_paths(tmp_path: Path, url: str, entry: str | None) -> None:
    """A host blocks all below it, a path its own host from a slash on, an address itself, an index page the home page."""
    folder = lists(
        tmp_path,
        adult_domains="bad.example böse.example 192.0.2.7",
        adult_urls="host.example/bad/ host.example/ask?q=1 home.example/index.html",
    )
    hit = BlockList.load([folder]).match(url)
    assert (hit and hit.entry) == entry


def test_the_decision_names_list_category_and_widest_entry(tmp_path: Path) -> None:
    """Evidence is enough to find the line that blocked a page."""
    folder = lists(tmp_path, adult_domains="deep.bad.example", gambling_domains="bad.example", warez_urls="bad.example/x")
    found = BlockList.load([folder]).match("http://deep.bad.example/x")
    assert found == BlockHit("gambling.domains", "gambling", "bad.example")


def test_an_allow_list_beats_every_other(tmp_path: Path) -> None:
    """What an allow list holds stays, whichever list, word or parent would block it."""
    folder = lists(
        tmp_path, adult_domains="bad.example clinic.example", adult_words="porno", allow_domains="good.bad.example clinic.example"
    )
    blocklist = BlockList.load([folder])
    assert blocklist.match("http://good.bad.example/porno") is None
    assert blocklist.match("http://clinic.example/") is None
    assert blocklist.match("http://other.bad.example/") is not None


def test_categories(tmp_path: Path) -> None:
    """Only the categories asked for are read; by default those that are safe to drop; None reads all."""
    folder = lists(tmp_path, adult_domains="a.example", blog_domains="b.example")
    urls = ("http://a.example/", "http://b.example/")

    def matched(categories: frozenset[str] | None) -> list[bool]:
        blocklist = BlockList.load([folder], categories)
        return [blocklist.match(url) is not None for url in urls]

    assert "blog" not in DEFAULT_CATEGORIES
    assert matched(DEFAULT_CATEGORIES) == [True, False]
    assert matched(frozenset({"blog"})) == [False, True]
    assert matched(None) == [True, True]


def test_what_is_odd_is_noted_and_what_is_dangerous_refused(tmp_path: Path) -> None:
    """An entry without a dot blocks nothing; a public suffix blocks what is below it, and both are said."""
    blocklist = BlockList.load([lists(tmp_path, adult_domains="com localhost 1234 bad.example/path github.io bad.example")])
    assert blocklist.match("http://anything.com/") is None
    assert blocklist.match("http://alice.github.io/") is not None
    assert blocklist.notes == (
        "adult.domains: 4 entries refused, no host with a dot in ['1234', 'bad.example/path', 'com']",
        "adult.domains: github.io is a public suffix, everything below it is blocked",
    )


def test_layouts_comments_and_compression(tmp_path: Path) -> None:
    """UT1's own folders, compressed files and comments are read alike."""
    (tmp_path / "gambling").mkdir()
    (tmp_path / "gambling" / "domains").write_text("# a list\n\nbet.example # why\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("not-a-list.example", encoding="utf-8")
    with lzma.open(tmp_path / "adult.domains.xz", "wt", encoding="utf-8") as out:
        out.write("Bad.Example\n.dotted.example\n")
    blocklist = BlockList.load([str(tmp_path)])
    hits = [blocklist.match(f"http://{host}/") for host in ("bet.example", "bad.example", "dotted.example", "not-a-list.example")]
    assert [hit and hit.list for hit in hits] == ["gambling.domains", "adult.domains", "adult.domains", None]


def test_mistakes_are_named(tmp_path: Path) -> None:
    """A path that is missing, a name that says nothing and a folder without lists stop the load with one line."""
    odd = tmp_path / "hosts.csv"
    odd.write_text("a.example", encoding="utf-8")
    for path, message in ((str(tmp_path / "none"), "exists"), (str(odd), "CATEGORY.domains"), (str(tmp_path), "no block list")):
        with pytest.raises(BlockListError, match=message) as error:
            BlockList.load([path])
        assert "\n" not in str(error.value)
    assert BlockList.load([]).match("http://bad.example/") is None


def test_lists_are_compiled_once_and_mapped(tmp_path: Path) -> None:
    """A cache holds one folder for the same lists, answers as they do, and is made anew when a list changes."""
    lists(
        tmp_path,
        adult_domains="com a.example github.io",
        adult_urls="b.example/c",
        allow_domains="x.a.example",
        adult_words="porno",
    )
    cache, plain = tmp_path / "cache", BlockList.load([str(tmp_path)])
    made, mapped = (BlockList.load([str(tmp_path)], cache=cache) for _ in range(2))
    assert made.digest == mapped.digest == plain.digest
    assert made.notes == mapped.notes == plain.notes
    assert len(plain.notes) == 2
    urls = [f"http://{rest}" for rest in ("a.example/", "x.a.example/", "b.example/c/d", "b.example/", "y.example/porno")]
    for one in (made, mapped, pickle.loads(pickle.dumps(mapped))):
        assert [one.match(url) for url in urls] == [plain.match(url) for url in urls]
        assert not one.table.hashes.flags.writeable
    with open("/proc/self/maps", encoding="utf-8") as regions:
        assert str(cache) in regions.read()
    (folder,) = cache.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["about.json", "codes.npy", "hashes.npy", "starts.npy"]
    lists(tmp_path, adult_domains="b.example")
    assert BlockList.load([str(tmp_path)], cache=cache).match("http://b.example/") is not None
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_is_missing_half_or_closed_does_no_harm(tmp_path: Path) -> None:
    """What another process left half made is not read, and without a place to write the lists are read as ever."""
    folder, cache = lists(tmp_path, adult_domains="a.example"), tmp_path / "cache"
    BlockList.load([folder], cache=cache)
    (made,) = cache.iterdir()
    (made / "about.json").unlink()
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (cache, tmp_path / "file"):
        assert BlockList.load([folder], cache=place).match("http://a.example/") is not None


def test_processes_that_compile_at_once_agree(tmp_path: Path) -> None:
    """Whoever is first leaves the table that all use; nothing else is left."""
    (tmp_path / "lists").mkdir()
    folder = lists(tmp_path / "lists", adult_domains=" ".join(f"host{n}.example" for n in range(2000)))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: BlockList.load([folder], cache=tmp_path / "cache").digest, range(8)))
    assert len(set(found)) == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1


LINES = st.lists(
    st.text(st.sampled_from("ab7-_.w x#\r\täB:/"), max_size=12)
    | st.sampled_from(["www.bad.example", "www.github.io", "github.io", "a.ck", "192.0.2.7", "0x7f.1", "a.b", "192.0.519", "a.7b",
                       "A.example", "", "x" * 64 + ".example", "x" * 63 + ".example", "a." * 150 + "example", "a.example # b"])
)  # fmt: skip


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_lines_are_read_as_the_canonical_host_says(lines: list[str], end: str, last: bool) -> None:
    """The compiled reader finds the hosts, in any order, that reading each line in Python finds, and leaves it what is odd."""
    data = end.join(lines) + end * last
    hashes, unusual = hashed_lines(data.encode())
    want = []
    for part in data.replace("\r", "\n").split("\n"):
        entry = re.sub(r"(^|\s)#.*", "", part).strip()
        name = entry.lower().strip(".")
        if "." in name and not re.search(r"[/?#@:\\\s]", name) and (host := host_of(f"http://{name}/")):
            want.append(host)
    found = hashes.tolist() + hashes_of([host for entry in unusual if (host := host_of_entry(entry))], backwards=True).tolist()
    assert sorted(found) == sorted(hashes_of(want, backwards=True).tolist())
    assert not any(is_public_suffix(host) for host in want if hashes_of([host], backwards=True)[0] in hashes)


@pytest.mark.parametrize("size", [1, 7, 12, 50])
def test_long_lists_are_read_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """No entry is cut, wherever a portion ends."""
    folder = lists(tmp_path, adult_domains="a.example Long-Name.example com 192.0.2.7 bücher.example x.y.z.example")
    whole = BlockList.load([folder])
    monkeypatch.setattr("udfs.blocklist.lists._PORTION", size)
    parted = BlockList.load([folder])
    assert (parted.digest, parted.notes) == (whole.digest, whole.notes)
    assert len(parted.table.hashes) == 5


def test_digest_follows_what_decides(tmp_path: Path) -> None:
    """The same entries give the same digest in any order; another entry, word or category another one."""
    first = BlockList.load([lists(tmp_path, adult_domains="a.example b.example", adult_words="porno")])
    again = BlockList.load([lists(tmp_path, adult_domains="b.example a.example b.example", adult_words="porno")])
    other = BlockList.load([lists(tmp_path, adult_domains="b.example a.example", adult_words="porno porn")])
    assert first.digest == again.digest
    assert first.digest != other.digest
    assert pickle.loads(pickle.dumps(first)).match("http://a.example/") == first.match("http://a.example/")


@pytest.mark.parametrize(
    ("url", "category"),
    [
        ("http://casino-bonus.example/", "gambling"),
        ("http://example.com/Online-Casino/jackpot-slots7.html", "gambling"),
        ("http://example.com/%6fnlineCASINO/", "gambling"),
        ("http://example.com/a?q=livecasino", "gambling"),
        ("http://porn.example/", "adult"),
        ("http://free.xvideos.example/", "adult"),
        ("http://example.com/sexy_boobs_12", "adult"),
        ("http://example.com/CUMSHOTS/", "adult"),
        ("http://example.com/news/porn-industry-law", None),
        ("http://www.essex.ac.uk/sex-education/teen-health", None),
        ("http://scunthorpe.gov.uk/", None),
        ("http://example.it/che-casino", None),
        ("http://casino.nsw.gov.au/", None),
        ("http://example.com/film/casino-royale", None),
        ("http://doc.qt.example/signals-and-slots", None),
        ("http://example.edu/probability/roulette-blackjack-poker", None),
        ("http://example.com/medicine/breast-and-penis-cancer", None),
        ("http://example.com/casino/casino-casino", None),
        ("http://analytics.example/cocktails/classic", None),
    ],
)
def test_words_that_come_with_the_program(url: str, category: str | None) -> None:
    """One hard word or two different soft ones block; towns, films, schools, medicine and mathematics stay."""
    hit = SEEDS.match(url)
    assert (hit and hit.category) == category
    assert not SEEDS.notes


def test_word_files(tmp_path: Path) -> None:
    """Words of other files are whole words in any script; what is not one word is refused by name."""
    (tmp_path / "banned_words.txt").write_text("#off\nfoo\ntwo words\nказино\n", encoding="utf-8")
    (tmp_path / "soft_banned_words.txt").write_text("bar\nbaz\n", encoding="utf-8")
    blocklist = BlockList.load([str(tmp_path)])
    assert blocklist.match("http://a.example/foo") == BlockHit("banned_words.txt+soft_banned_words.txt", "adult", "foo")
    assert blocklist.match("http://a.example/baz_bar") == BlockHit("banned_words.txt+soft_banned_words.txt", "adult", "bar+baz")
    assert blocklist.match("http://казино.example/") is not None
    assert [blocklist.match(f"http://a.example/{word}") for word in ("off", "bar", "bar/bar", "food")] == [None] * 4
    assert "two words" in blocklist.notes[0]


@pytest.mark.parametrize(
    ("word", "urls", "harmless"),
    [
        ("straße", ["http://straße.example/", "http://xn--strae-oqa.example/", "http://a.example/STRASSE", "http://b.example/stra%C3%9Fe"],
         "strae"),
        ("Kino", ["http://a.example/KINO", "http://a.example/k%69no", "http://b.example/?q=%E2%84%AAino", "http://kino7.example/"],
         "kinos"),
        ("казино", ["http://казино.example/", "http://a.example/%D0%9A%D0%90%D0%97%D0%98%D0%9D%D0%9E"], "казиноx"),
    ],
)  # fmt: skip
def test_words_are_folded_and_decoded(tmp_path: Path, word: str, urls: list[str], harmless: str) -> None:
    """Case, percent signs and punycode hide no word (of FineWeb's rule, `/PORN/` went unseen), and words stay whole."""
    (tmp_path / "adult.words.txt").write_text(f"{word}\n", encoding="utf-8")
    blocklist = BlockList.load([str(tmp_path)])
    assert [url for url in urls if not blocklist.match(url)] == []
    assert (blocklist.match_all(urls) == 0).all()
    assert blocklist.match(f"http://a.example/{harmless}") is None


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("http://scunthorpe.gov.uk/", "cunt"),
        ("http://a.example/pe_nis-land", "penisland"),
        ("http://a.example/P%45n%69s/Land?x", "penisland"),
        ("http://pen.is/", None),
        ("http://a.example/penis", None),
        ("http://allowed.example/cunt", None),
        ("no url cunt", None),
    ],
)
def test_substrings_only_mark(tmp_path: Path, url: str, entry: str | None) -> None:
    """A substring of the squeezed URL is evidence and never a reason to drop; the longest is named, an allow list beats it."""
    (tmp_path / "banned_subwords.txt").write_text("# why\npenis land\nCunt\nsl\nlan\n", encoding="utf-8")
    (tmp_path / "allow.domains").write_text("allowed.example\n", encoding="utf-8")
    blocklist = BlockList.load([str(tmp_path)])
    marked = blocklist.mark(url)
    assert marked == (BlockHit("banned_subwords.txt", "adult", entry) if entry else None)
    assert blocklist.match(url) is None
    assert blocklist.notes == ("banned_subwords.txt: 1 substrings refused, fewer than three ASCII letters and digits: ['sl']",)


@given(st.text())
def test_any_string_can_be_asked(url: str) -> None:
    """No string raises."""
    hit = SEEDS.match(url)
    assert hit is None or hit.category in DEFAULT_CATEGORIES


@given(st.lists(st.sampled_from(["a", "b", "c", "www", "xn--bse-sna"]), min_size=2, max_size=5), st.integers(0, 3))
def test_suffixes_agree_with_strings(one_entry: BlockList, labels: list[str], drop: int) -> None:
    """The hashed lookup finds what comparing strings finds."""
    url = "http://" + ".".join([*labels, "example"]) + "/x"
    host = host_of(url)
    assert (one_entry.match(url) is not None) == (host == "b.c.example" or host.endswith(".b.c.example"))
    assert one_entry.match("http://" + ".".join([*labels[drop:], "b.c.example"]) + "/") is not None


@needs_data
def test_seeds_on_the_test_crawl() -> None:
    """The seeds block some of the planted spam and none of the pages that must stay or that trap word rules."""
    rows = crawl()
    blocked = [row for row in rows if SEEDS.match(row["url"])]
    assert not wrongly_hit(rows, SEEDS)
    assert {row["category"] for row in blocked} <= {"spam", "adult"}
    assert len(blocked) >= 20


@needs_data
def test_public_lists_on_the_test_crawl() -> None:
    """UT1's categories that are safe to drop and FineWeb's words block no page that must stay, and are noted where odd."""
    assert DATA
    folder = Path(DATA) / "blocklists"
    blocklist = BlockList.load([str(folder / "ut1"), str(folder / "url_words" / "banned_words.txt")])
    hashes = blocklist.table.hashes
    assert len(hashes) > 70_000
    assert (hashes[1:] > hashes[:-1]).all()
    assert "gambling.domains: bet.br is a public suffix, everything below it is blocked" in blocklist.notes
    with lzma.open(folder / "ut1" / "warez.domains.xz", "rt", encoding="utf-8") as entries:
        hosts = [entry.strip() for entry in entries]
    below = [host if is_ip_address(host) else f"below.{host}" for host in hosts]
    assert all(blocklist.match(f"http://{host}/a") for host in below)
    assert not wrongly_hit(crawl(), blocklist)
