"""Look URLs up in five million block-list entries: the compiled table beside a Python set, by CPU time, in one run.

    WOOLMILL_DATA=… python -m benchmarks.blocklist [--entries 5000000] [--urls 200000] [--repeat 5] [--processes 3]

Entries are those of FineWeb's list (the sample that the test data hold), all of UT1's lists, and made-up hosts up to ``--entries``.
URLs are those of the test crawl and made-up ones of the usual shapes; one in fifty is on a listed host, one in two hundred begins
like a listed URL. The set holds the same
hosts as strings; it is asked for each parent of a host that is cut out of the URL in the cheapest way there is, knows no paths, no
allow lists and no normalisation. Memory is what Linux says of each process that has the table open, all at the same time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

import pyarrow as pa

from udfs.blocklist import BlockList, seed_folder
from udfs.blocklist.kernels.layout import ODD
from udfs.blocklist.lists import find_lists

SHARE_LISTED: Final = 0.02
_ENDINGS: Final = ("com", "com", "com", "org", "net", "de", "ru", "co.uk", "com.br", "fr", "jp", "info")
_SYLLABLES: Final = (
    "ka",
    "lo",
    "mi",
    "ster",
    "ber",
    "tan",
    "wol",
    "ri",
    "gen",
    "du",
    "pas",
    "shi",
    "nor",
    "blu",
    "tech",
    "shop",
    "web",
    "on",
    "my",
)
_PAGES: Final = (
    "",
    "index.html",
    "about",
    "a-long-title-of-some-article-on-wool",
    "12345",
    "page.php?id={n}&lang=en",
    "caf%C3%A9/{n}",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print URLs per CPU second and megabytes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--urls", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--processes", type=int, default=3)
    arguments = parser.parse_args(argv)
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        print("WOOLMILL_DATA is not set; it names the folder of the test data", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        lists = write_lists(Path(data) / "blocklists", Path(folder), arguments.entries)
        cache = Path(folder) / "cache"
        compare(lists, cache, Path(data), arguments)
        weigh(lists, cache, arguments.processes)
    return 0


def write_lists(given: Path, folder: Path, entries: int) -> list[str]:
    """Write made-up hosts beside the lists that are given; return the paths of all."""
    paths = [str(given / "ut1"), str(given / "adult_mixed_sample.domains.xz"), str(given / "adult_mixed.urls.xz")]
    real = len(hosts_of(paths))
    made = folder / "adult.domains"
    with made.open("w", encoding="ascii") as out:
        out.writelines(f"{host}\n" for host in made_hosts(random.Random(1), max(entries - real, 0)))
    return [*paths, str(made)]


def hosts_of(paths: Sequence[str]) -> set[str]:
    return {entry for file in find_lists(paths, None) if file.kind == "domains" for entry in file.entries()}


def made_hosts(draw: random.Random, count: int) -> Iterator[str]:
    """Make hosts up, no two of them equal."""
    for n in range(count):
        yield f"{''.join(draw.choices(_SYLLABLES, k=draw.randint(2, 4)))}{n}.{draw.choice(_ENDINGS)}"


def crawled(data: Path) -> list[str]:
    """Return the URLs of the test crawl."""
    with gzip.open(data / "warc" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["url"] for line in lines]


def made_urls(count: int, listed: Sequence[str], paths: Sequence[str] = ()) -> list[str]:
    """Make URLs up, the share `SHARE_LISTED` of them on a listed host or below one, a quarter of that on listed paths or near."""
    draw = random.Random(2)
    hosts = made_hosts(random.Random(3), count)
    urls = []
    for n, host in enumerate(hosts):
        chosen = draw.choice(listed) if draw.random() < SHARE_LISTED else host
        below = draw.choice(("", "www.", "www.", "news.", "m."))
        folders = "".join(f"{draw.choice(_SYLLABLES)}/" for _ in range(draw.randint(0, 3)))
        if paths and draw.random() < SHARE_LISTED / 4:
            chosen, folders, below = draw.choice(paths), "", draw.choice(("", "www."))
        urls.append(f"https://{below}{chosen}/{folders}{draw.choice(_PAGES).format(n=n)}")
    return urls


def compare(lists: Sequence[str], cache: Path, data: Path, arguments: argparse.Namespace) -> None:
    """Print what building costs, then URLs per CPU second."""
    count, repeat = arguments.urls, arguments.repeat
    BlockList.load([seed_folder()]).match_all(["http://a.example/"])
    entries = hosts_of(lists)
    names = sorted(name for name in entries if not name.replace(".", "").isdigit())
    paths = [entry for file in find_lists(lists, None) if file.kind == "urls" for entry in file.entries() if entry.isascii()]
    urls = crawled(data) + made_urls(count, random.Random(4).sample(names, 10_000), paths)
    batch = pa.array(urls)
    print(f"{'step':<34}{'CPU s':>10}")
    for label in ("compile the lists, once", "open what was compiled"):
        start = time.process_time()
        hosts = BlockList.load(lists, None, cache=cache)
        print(f"{label:<34}{time.process_time() - start:>10.2f}")
    worded = BlockList.load([*lists, seed_folder()], None, cache=cache)
    few = urls[: len(urls) // 20]

    def python_set() -> int:
        return sum(is_in(entries, url) for url in urls)

    def table_and_words() -> int:
        return int((worded.match_all(batch) >= 0).sum())

    def table_alone() -> int:
        return int((hosts.match_all(batch) >= 0).sum())

    def table_by_single_urls() -> int:
        return sum(hosts.match(url) is not None for url in few)

    print(f"\n{len(entries):,} hosts, {len(hosts.table.hashes):,} hashes, {len(urls):,} URLs; left to Python: "
          f"{left_over(hosts, batch):.2%}, with words {left_over(worded, batch):.2%}")  # fmt: skip
    print(f"{'way':<34}{'hits':>10}{'M URLs/CPU s':>14}{'ratio':>8}")
    base = len(urls) / best(python_set, repeat)
    for way, asked in ((python_set, urls), (table_alone, urls), (table_and_words, urls), (table_by_single_urls, few)):
        rate = base if way is python_set else len(asked) / best(way, repeat)
        print(f"{way.__name__.replace('_', ' '):<34}{way():>10}{rate / 1e6:>14.3f}{rate / base:>8.2f}")


def is_in(entries: set[str], url: str) -> bool:
    labels = url.split("/", 3)[2].split(".")
    return any(".".join(labels[at:]) in entries for at in range(len(labels) - 1))


def left_over(blocklist: BlockList, batch: pa.Array) -> float:
    """Return the share of URLs that the scan leaves to Python."""
    found = blocklist.scan(batch)
    return float((found == ODD).mean())


def weigh(lists: Sequence[str], cache: Path, processes: int) -> None:
    """Print the memory of processes that have the lists open at the same time."""
    spawn = multiprocessing.get_context("spawn")
    print(f"\n{'memory, MB':<34}{'resident':>10}{'of it mapped':>14}{'its share':>11}")
    for label, holds in (("mapped table", True), ("Python set", False)):
        number = processes if holds else 1
        with spawn.Manager() as manager:
            said = manager.list()
            together = spawn.Barrier(number)
            started = [spawn.Process(target=hold, args=(lists, cache, holds, together, said)) for _ in range(number)]
            for process in started:
                process.start()
            for process in started:
                process.join()
            for resident, mapped, share in sorted(said):
                print(f"{label + ', a process':<34}{resident:>10.0f}{mapped:>14.0f}{share:>11.0f}")


def hold(lists: Sequence[str], cache: Path, mapped: bool, together: Barrier, said: list[tuple[float, ...]]) -> None:
    """Hold a table, or the same hosts as strings, touch all of it, and say what is resident beyond an empty block list."""
    urls = made_urls(100_000, ["a.example"])
    BlockList.load([]).match_all(urls)
    before = memory("/")[0]
    held = BlockList.load(lists, None, cache=cache) if mapped else hosts_of(lists)
    if isinstance(held, BlockList):
        held.match_all(urls)
        assert sum(int(array.sum()) for array in (held.table.hashes, held.table.codes, held.table.starts)) > 0
    together.wait()
    resident, share = memory(str(cache))
    said.append((memory("/")[0] - before, resident, share))
    together.wait()


def memory(path: str) -> tuple[float, float]:
    """Return the resident megabytes of files below a path (``/``: of everything), and this process's share of them."""
    resident = shared = 0
    counted = False
    with Path("/proc/self/smaps").open(encoding="utf-8") as lines:
        for line in lines:
            name, _, rest = line.partition(":")
            if "-" in name.split(" ")[0]:
                counted = path == "/" or path in line
            elif counted and name in ("Rss", "Pss"):
                size = int(rest.split()[0])
                resident += size if name == "Rss" else 0
                shared += size if name == "Pss" else 0
    return resident / 1024, shared / 1024


def best(way: Callable[[], int], repeat: int) -> float:
    way()
    taken = []
    for _ in range(repeat):
        start = time.process_time()
        way()
        taken.append(time.process_time() - start)
    return min(taken)


if __name__ == "__main__":
    sys.exit(main())
