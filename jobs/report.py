"""Stage ``report``: HTML about the run that needs nothing else: the report, an overview of classes and languages, a page for each."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from typing import Any

from jobs.accounts import IN, KEPT, Accounts
from jobs.keys import KeyContext, KeyStage
from jobs.reporting import build_pages
from jobs.store import FileEntry, write_atomic
from jobs.tables import TABLES


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Write the report and its pages; every document passes."""
    written = []
    for name, page in sorted(build_pages(context.store, context.recipe.report.samples).items()):
        write_atomic(context.attempt / "report" / name, page)
        data = page.encode()
        written.append(FileEntry(name, 1, len(data), hashlib.sha256(data).hexdigest()))
    context.written["report"] = written
    before = context.store.published(context.before[-1]) if context.before else None
    kept = Accounts.of(before.summary["accounts"]).total(KEPT) if before else 0
    return Accounts({(IN, ""): kept, (KEPT, ""): kept}), {}


NEEDS = tuple(name for name, table in TABLES.items() if table.owner and table.owner != "report")
STAGE = KeyStage("report", 4, sections=("report",), needs=NEEDS, writes=("report",), libraries=("jinja2",), run=run)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("report"))
