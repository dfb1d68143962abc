"""Data cards say what the manifest says, whatever is in it, and readers of their formats accept them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from made_shards import Row, manifest_of, put, row_of, write_shard

from jobs.cards import CROISSANT, PAGE, README, cards
from jobs.cards.page import size_category
from jobs.cards.sections import ROWS, sections

HOSTILE = '</td><script>alert(1)</script> | `x` [a](javascript:1) \u202e\x00 "\n---\n# no'
CROISSANT_PYTHON = os.environ.get("WOOLMILL_CROISSANT_PYTHON", "")


@pytest.fixture
def manifest(tmp_path) -> Row:
    rows = [row_of(n) for n in range(30)]
    made = manifest_of([rows], [write_shard(tmp_path, 0, rows, "parquet")])
    put(tmp_path, made)
    return made


def front_matter(text: str) -> dict[str, Any]:
    return yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))


def text_of(page: str) -> str:
    """Text of a page as a browser shows it; fails on an element that the template has not."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            assert tag != "script"

        def handle_data(self, data: str) -> None:
            found.append(data)

    Reader(convert_charrefs=True).feed(page)
    return " ".join(found)


def test_every_card_says_the_numbers_of_the_manifest(manifest):
    """Another number in the manifest is another number in the cards; none is anywhere else."""
    manifest["totals"] |= {"documents": 1234567, "tokens": 7654321}
    manifest["stages"]["extract"]["in"] = 3456789
    manifest["classes"][1]["share_got_ppm"] = 123_456
    made = cards(manifest)
    for name in (README, PAGE):
        text = re.sub(r"\s+", " ", text_of(made[name]) if name == PAGE else made[name]).replace("\u202f", " ")
        assert all(number in text for number in ("1 234 567", "7 654 321", "3 456 789", "12.3 %")), name
    assert front_matter(made[README])["size_categories"] == ["1M<n<10M"]
    assert "1\u202f234\u202f567 documents" in json.loads(made[CROISSANT])["description"]


def test_equal_manifests_make_equal_cards(manifest):
    """Cards hold no time, and the order of the manifest's keys is none of their business."""
    turned = json.loads(json.dumps(manifest, sort_keys=True))
    assert cards(manifest) == cards(turned) == cards(json.loads(json.dumps(turned)))


@pytest.mark.parametrize("place", ["languages", "knowledge", "licences"])
def test_what_a_crawl_says_stays_text(manifest, place):
    """Markup, pipes, line ends and characters that turn the line around, in names that pages chose, change no card's form."""
    manifest["totals"][place] = {HOSTILE: {"documents": 1, "tokens": 1}}
    manifest["sources"]["files"][0]["file"] = HOSTILE
    manifest["card"] |= {"title": HOSTILE, "description": HOSTILE, "contact": HOSTILE}
    made = cards(manifest)
    assert "alert(1)" in text_of(made[PAGE])
    body = made[README].split("\n---\n", 1)[1]
    assert "<script" not in body
    assert "\u202e" not in body
    assert not re.search(r"(?<!\\)\[a(?<!\\)\]", body)
    rows = [line for line in body.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows if "alert" in line} <= {5, 7}
    assert front_matter(made[README])["pretty_name"] == HOSTILE
    assert json.loads(made[CROISSANT])["name"] == HOSTILE


def test_groups_inside_a_class_have_a_table_where_there_are_some(manifest):
    """A class that is divided shows what each group has of it."""
    cls = manifest["classes"][0]
    (only,) = cls["strata"]
    assert len(sections(manifest)[0].tables) == 1
    cls["strata"] = [only | {"name": "code/de", "tokens_written": cls["tokens_written"] // 4}, only | {"name": "code/fr"}]
    assert sections(manifest)[0].tables[1].rows[0][:2] == ("code/de", "25.0\u202f%")


def test_long_tables_are_cut_and_say_so(manifest):
    """A thousand languages are not a thousand lines."""
    manifest["totals"]["languages"] = {f"l{n:03d}": {"documents": 1, "tokens": n} for n in range(1000)}
    (table,) = next(s for s in sections(manifest) if s.id == "languages").tables
    assert (len(table.rows), table.more, table.rows[0][0]) == (ROWS, 1000 - ROWS, "l999")
    assert all("And 960 more" in cards(manifest)[name].replace("\u202f", " ") for name in (README, PAGE))


def test_a_mixture_of_nothing_has_cards(manifest):
    """No class, no file, no shard: still cards."""
    totals = {"documents": 0, "tokens": 0}
    manifest |= {"totals": totals, "classes": [], "shards": [], "stages": {}, "decontamination": None}
    manifest["sources"] |= {"files": [], "crawls": {}}
    made = cards(manifest)
    assert front_matter(made[README])["language"] == []
    assert json.loads(made[CROISSANT])["recordSet"] == []


@pytest.mark.parametrize(("n", "name"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**9, "1B<n<10B"), (10**12, "n>1T")])
def test_size_categories_are_hugging_faces(n, name):
    """The limits are powers of ten, the lower one belongs to its category."""
    assert size_category(n) == name


def test_croissant_has_a_digest_for_every_file_and_a_field_for_every_column(manifest):
    """What Croissant 1.0 asks of a data set, by hand."""
    told = json.loads(cards(manifest)[CROISSANT])
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    files = {one["@id"]: one for one in told["distribution"] if one["@type"] == "cr:FileObject"}
    assert {name: one["sha256"] for name, one in files.items()} == {s["file"]: s["sha256"] for s in manifest["shards"]}
    ids = [one["@id"] for one in (*told["distribution"], *told["recordSet"], *told["recordSet"][0]["field"])]
    assert len(set(ids)) == len(ids)
    assert {f["source"]["extract"]["column"] for f in told["recordSet"][0]["field"]} == set(row_of(0))


@pytest.mark.slow
@pytest.mark.skipif(not CROISSANT_PYTHON, reason="WOOLMILL_CROISSANT_PYTHON names no Python with mlcroissant and pyarrow")
def test_mlcroissant_reads_the_records(manifest, tmp_path):
    """The reference implementation finds no error and reads every document."""
    read = (
        "import sys, mlcroissant; data = mlcroissant.Dataset(sys.argv[1]); assert not data.metadata.issues.errors;"
        "print(sum(r['documents/tokens'] for r in data.records('documents')))"
    )
    done = subprocess.run([CROISSANT_PYTHON, "-c", read, CROISSANT], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) == manifest["totals"]["tokens"]
