"""Deduplicate a corpus of texts, and write what was decided: ``woolmill dedup``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from conf.load import SettingsError, resolve
from jobs.command import run_recipe
from jobs.dedup.texts import EDITS, KEYS
from jobs.errors import DONE
from jobs.pipeline import STAGES
from jobs.reporting.query import reading
from jobs.sources.inputs import SUFFIXES
from jobs.store import Run
from udfs.sketch import s_curve

LEVELS: Final = ("urls", "documents", "lines")
DECISIONS, EDITED = "decisions.parquet", "removed_lines.parquet"

_DECISIONS_SQL = """
with gone as (
    select id, split, 'url' as level, cast(null as double) as similarity, winner, cast(null as varchar) as winner_split,
        true as dropped
    from decisions where stage = 'urls' and action = 'drop'
    union all
    select c.id, c.split, c.level, c.similarity, c.winner, c.winner_split, d.action = 'drop'
    from clusters c join decisions d on d.id = c.id and d.split = c.split and d.stage = 'documents'
), named as (
    select id, split, coalesce(record_id, file || ':' || "offset") as name, file, "offset", kind from records
), unusable as (
    select id, split from decisions where stage = 'extract' and action in ('drop', 'quarantine')
), first_of as (select id, min(split) as split from named group by id)
select n.name as id, not coalesce(g.dropped, u.id is not null) as kept,
       case when g.dropped then coalesce(w.name, lower(hex(g.winner))) end as kept_id, g.level, g.similarity,
       coalesce(w.name, lower(hex(g.winner)), n.name) as cluster, n.file, n."offset" as "row"
from named n
left join gone g on g.id = n.id and g.split = n.split
left join unusable u on u.id = n.id and u.split = n.split
left join first_of f on f.id = g.winner
left join clusters up on g.level = 'url' and up.id = g.winner and up.split = f.split
left join named w on w.id = coalesce(up.winner, g.winner) and w.split = coalesce(up.winner_split, g.winner_split, f.split)
order by n.file, n."offset"
"""
_LINES_SQL = """
select coalesce(r.record_id, r.file || ':' || r."offset") as id, e.ranges, r.file, r."offset" as "row"
from line_edits e join records r on r.id = e.id and r.split = e.split order by r.file, r."offset"
"""


def presets() -> tuple[str, ...]:
    """Return the names of the presets that ship."""
    return tuple(sorted(path.name.removesuffix(".yaml") for path in (files("conf") / "dedup").iterdir()))


def format_of(paths: Sequence[str]) -> str:
    """Return the format of a corpus: by the names of its files, or of those in its folder."""
    names = [str(path) for given in paths for path in (Path(given).rglob("*") if Path(given).is_dir() else (given,))]
    found = {kind for kind in ("parquet", "jsonl") for name in names if name.endswith(SUFFIXES[kind])}
    if len(found) != 1:
        raise SettingsError(
            f"{', '.join(paths)}: {'both Parquet and JSON lines' if found else 'no Parquet or JSON lines'} there; "
            f"give files of one kind, with one of the endings {', '.join(SUFFIXES['parquet'] + SUFFIXES['jsonl'])}"
        )
    return found.pop()


def _recipe(preset: str) -> str:
    if preset not in presets():
        raise SettingsError(f"--preset {preset} is not known; it is one of {', '.join(presets())}")
    return str(files("conf") / "dedup" / f"{preset}.yaml")


def curve(preset: str, overrides: Sequence[str] = ()) -> list[tuple[float, float]]:
    """Return the share of pairs that a preset's bands propose (0-1), by Jaccard similarity."""
    given = resolve(_recipe(preset), ["input.paths=-", *overrides]).recipe.sketch
    return [(step / 20, s_curve(step / 20, given.bands, given.rows)) for step in range(2, 21)]


def dedup(
    texts: Sequence[str], out: Path, *, preset: str = "llama3", levels: Sequence[str] = (), overrides: Sequence[str] = ()
) -> int:
    """Deduplicate texts, and write the decisions beside the run.

    Parameters
    ----------
    texts : sequence of str
        Files, folders or globs of Parquet or JSON lines with ``text``, and where they are known ``id``, ``url``, ``date``, ``lang``.
    out : Path
        Folder of the run, with ``decisions.parquet`` (``id, kept, kept_id, level, similarity, cluster``) and
        ``removed_lines.parquet`` (``id, ranges``) in it.
    preset : str
        One of `presets`.
    levels : sequence of str
        Some of `LEVELS`; by default those of the preset.
    overrides : sequence of str
        ``key=value``.

    Returns
    -------
    int
        Exit code of `jobs.command.run_recipe`.
    """
    if unknown := set(levels) - set(LEVELS):
        raise SettingsError(f"--levels {unknown.pop()} is not known; they are {', '.join(LEVELS)}")
    out = out.absolute()
    given = [
        f"input.paths={','.join(texts)}",
        f"input.format={format_of(texts)}",
        f"output.path={out.parent}",
        f"output.run={out.name}",
    ]
    if levels:
        stages = ["extract", *(level for level in LEVELS if level in levels), *(["clean"] if "lines" in levels else [])]
        given.append(f"stages=[{', '.join(stages)}]")
    code = run_recipe(_recipe(preset), [*given, *overrides], stages={**STAGES, "extract": KEYS, "clean": EDITS})
    if code == DONE:
        write_decisions(Run.open(out))
    return code


def write_decisions(run: Run) -> None:
    """Write the decisions of a run, and the stretches that frequent lines took, as two Parquet files in its folder."""
    with reading(run) as tables:
        for name, sql in ((DECISIONS, _DECISIONS_SQL), (EDITED, _LINES_SQL)):
            batches = tables.batches(sql)
            with pq.ParquetWriter(run.root / name, batches.schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
