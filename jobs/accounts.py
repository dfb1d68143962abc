"""The books of a stage: documents by outcome and reason, which have to balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jobs.errors import OutOfBalance

IN, KEPT, DROPPED, QUARANTINED, EDITED, MARKED = "in", "kept", "dropped", "quarantined", "edited", "marked"
OUTCOME_OF = {"drop": DROPPED, "quarantine": QUARANTINED, "edit": EDITED, "mark": MARKED}


class Accounts(Counter[tuple[str, str]]):
    """Documents by (outcome, reason); every stage fills one, and it has to balance."""

    def total(self, outcome: str = IN) -> int:
        """Documents with an outcome, whatever the reason."""
        return sum(n for (o, _), n in self.items() if o == outcome)

    def check(self, stage: str) -> None:
        """Raise `OutOfBalance` unless in = kept + dropped + quarantined."""
        out = {o: self.total(o) for o in (KEPT, DROPPED, QUARANTINED)}
        if self.total(IN) != sum(out.values()):
            seen = ", ".join(f"{o} {n}" for o, n in out.items())
            raise OutOfBalance(f"{stage}: {self.total(IN)} documents went in, but {seen}; nothing was published")

    def rows(self) -> list[list[Any]]:
        """Return ``[outcome, reason, documents]`` rows, sorted."""
        return [[o, r, n] for (o, r), n in sorted(self.items()) if n]

    @classmethod
    def of(cls, rows: Iterable[Iterable[Any]]) -> Accounts:
        """Read what `rows` returned."""
        accounts = cls()
        for outcome, reason, n in rows:
            accounts[(outcome, reason)] += n
        return accounts
