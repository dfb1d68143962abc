"""The stage writes every page where the manifest says it is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from small_run import STAGES, Lot, build

from jobs.accounts import IN, KEPT
from jobs.keys import KeyContext
from jobs.report import STAGE, run


def test_every_page_is_in_the_manifest_with_its_digest(tmp_path: Path) -> None:
    """Names are sorted, digests are those of the files, nothing else lies beside them."""
    store = build(tmp_path / "run", [Lot(3, "en"), Lot(2, "de")], published=STAGES[:-1])
    store.restate(_with_accounts(store, "mix", 5))
    recipe = cast(Any, SimpleNamespace(report=SimpleNamespace(samples=2)))
    context = KeyContext(STAGE, store, recipe, STAGES[:-1], (), cast(Any, None))
    accounts, _ = run(context)
    entries = context.written["report"]
    folder = context.attempt / "report"
    assert [e.name for e in entries] == sorted(path.name for path in folder.iterdir())
    assert {"report.html", "overview.html", "overview.json", "language-de.html", "language-en.html"} <= {e.name for e in entries}
    for entry in entries:
        data = (folder / entry.name).read_bytes()
        assert (entry.bytes, entry.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert accounts.total(IN) == accounts.total(KEPT) == 5


def _with_accounts(store: Any, stage: str, kept: int) -> Any:
    from dataclasses import replace

    published = store.published(stage)
    return replace(published, summary=published.summary | {"accounts": [[IN, "", kept], [KEPT, "", kept]]})
