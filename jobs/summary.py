"""The end of a run, in a screenful: documents by stage and reason, tokens by class, where the report lies."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from jobs.accounts import DROPPED, EDITED, IN, KEPT, QUARANTINED, Accounts
from jobs.stage import Outcome
from jobs.store import Run


def describe(store: Run, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the summary as plain data."""
    stages = []
    for name in store.stages:
        published = store.published(name)
        if published is None:
            continue
        accounts = Accounts.of(published.summary["accounts"])
        ran = next((o for o in outcomes if o.stage == name), None)
        stages.append(
            {
                "stage": name,
                **{outcome: accounts.total(outcome) for outcome in (IN, KEPT, DROPPED, QUARANTINED, EDITED)},
                "reasons": {f"{o}:{r}": n for (o, r), n in sorted(accounts.items(), key=lambda item: (-item[1], item[0])) if r},
                "seconds": round(ran.wall_s, 1) if ran and ran.ran else None,
            }
        )
    manifest_path = store.root / "shards" / "manifest.json"
    manifest = json.loads(manifest_path.read_text("utf-8")) if manifest_path.is_file() else None
    report = store.root / "report" / "report.html"
    return {
        "run": str(store.root),
        "stages": stages,
        "classes": manifest["classes"] if manifest else [],
        "tokens": manifest["totals"]["tokens"] if manifest else None,
        "shards": len(manifest["shards"]) if manifest else None,
        "report": str(report) if report.is_file() else None,
    }


def as_text(described: Mapping[str, Any]) -> str:
    """Return the summary for a terminal."""
    out = io.StringIO()
    console = Console(file=out, width=120, highlight=False)
    console.print()
    console.print(_stages(described["stages"]))
    if described["classes"]:
        console.print(_classes(described["classes"]))
        console.print(f"{described['tokens']:,} tokens in {described['shards']} shard(s)")
    console.print(f"run     {described['run']}", soft_wrap=True)
    if described["report"]:
        console.print(f"report  {described['report']}", soft_wrap=True)
    return out.getvalue().rstrip()


def _stages(stages: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="documents by stage", title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("stage", IN, KEPT, DROPPED, QUARANTINED):
        table.add_column(name, justify="left" if name == "stage" else "right")
    table.add_column("most frequent reasons")
    for stage in stages:
        reasons = [f"{key.partition(':')[2]} {n:,}" for key, n in stage["reasons"].items()][:5]
        table.add_row(stage["stage"], *(f"{stage[o]:,}" for o in (IN, KEPT, DROPPED, QUARANTINED)), ", ".join(reasons))
    return table


def _classes(classes: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="\ntokens by class", title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("class", "documents", "tokens", "epochs", "sampled tokens", "share wanted", "share got"):
        table.add_column(name, justify="left" if name == "class" else "right")
    for c in classes:
        table.add_row(
            c["name"],
            f"{c['documents_available']:,}",
            f"{c['tokens_available']:,}",
            f"{c['epochs_millionths'] / 1e6:.2f}",
            f"{c['tokens_written']:,}",
            f"{c['share_target_ppm'] / 1e4:.2f} %",
            f"{c['share_got_ppm'] / 1e4:.2f} %",
        )
    return table
