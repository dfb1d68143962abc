"""Documents and words on both sides of a change, by class and language, and reasons before and after."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.columns import coded, floats
from jobs.preview.chain import Chain, Verdicts
from jobs.preview.rows import WORDS
from udfs.filtering import STAYS
from udfs.routing import CLASSES

NOW, THEN, BOTH = 1, 2, 3
"""On which sides of the change a document is kept; 0: on neither."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many documents, and their words."""

    documents: int = 0
    words: int = 0

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.documents + other.documents, self.words + other.words)


@dataclass(frozen=True, slots=True)
class Tally:
    """Kept `now` and `then`, and who changes sides; those kept on both may also `arrive` from another class or `leave` for one."""

    now: Cell = Cell()
    then: Cell = Cell()
    newly_kept: Cell = Cell()
    newly_dropped: Cell = Cell()
    arrive: Cell = Cell()
    leave: Cell = Cell()


@dataclass(frozen=True, slots=True)
class _Group:
    before: str
    after: str
    language: str
    side: int


@dataclass
class Counts:
    """What is counted batch by batch: groups of documents by class before and after, language and side; and reasons."""

    _groups: defaultdict[_Group, Cell] = field(default_factory=lambda: defaultdict(Cell))
    reasons: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))

    def add(self, signals: pa.Table, sides: NDArray[np.int64], verdicts: tuple[Verdicts, Verdicts]) -> None:
        """Count the documents of a batch."""
        spoken = coded(signals["lang"])
        shape = (len(spoken.names), len(CLASSES), len(CLASSES), BOTH + 1)
        code = np.ravel_multi_index((spoken.codes, verdicts[0].classes, verdicts[1].classes, sides), shape)
        found, group, documents = np.unique(code, return_inverse=True, return_counts=True)
        words = np.bincount(group, weights=np.nan_to_num(floats(signals[WORDS])), minlength=len(found))
        for place, n, m in zip(zip(*np.unravel_index(found, shape), strict=True), documents, words, strict=True):
            language, before, after, side = map(int, place)
            key = _Group(CLASSES[before], CLASSES[after], spoken.names[language], side)
            self._groups[key] += Cell(int(n), round(m))

    def add_reasons(self, chains: tuple[Chain, Chain], verdicts: tuple[Verdicts, Verdicts]) -> None:
        """Count the reasons of a batch, before and after."""
        for counter, chain, verdict in zip(self.reasons, chains, verdicts, strict=True):
            n_reasons = np.bincount(verdict.reasons[verdict.reasons != STAYS], minlength=len(chain.reasons))
            counter.update({name: n for name, n in zip(chain.reasons, n_reasons.tolist(), strict=True) if n})

    def total(self) -> Tally:
        """All documents."""
        return self._tallies(lambda _: "", lambda _: "").get("", Tally())

    def by_class(self) -> dict[str, Tally]:
        """Tallies of the classes, in their order; a document is counted under the class it has on each side."""
        found = self._tallies(lambda group: group.before, lambda group: group.after)
        return {name: found[name] for name in CLASSES if name in found}

    def by_language(self) -> dict[str, Tally]:
        """Tallies of the languages, the larger ones first."""
        found = self._tallies(lambda group: group.language, lambda group: group.language)
        return dict(sorted(found.items(), key=lambda one: (-max(one[1].now.documents, one[1].then.documents), one[0])))

    def moves(self) -> dict[tuple[str, str], int]:
        """Documents kept on both sides that change class, by class before and after."""
        found: Counter[tuple[str, str]] = Counter()
        for group, cell in self._groups.items():
            if group.side == BOTH and group.before != group.after:
                found[group.before, group.after] += cell.documents
        return dict(sorted(found.items()))

    def _tallies(self, before: Callable[[_Group], str], after: Callable[[_Group], str]) -> dict[str, Tally]:
        cells: defaultdict[str, defaultdict[str, Cell]] = defaultdict(lambda: defaultdict(Cell))
        for group, cell in self._groups.items():
            old, new = before(group), after(group)
            if group.side & NOW:
                cells[old]["now"] += cell
            if group.side & THEN:
                cells[new]["then"] += cell
            if group.side == THEN:
                cells[new]["newly_kept"] += cell
            if group.side == NOW:
                cells[old]["newly_dropped"] += cell
            if group.side == BOTH and old != new:
                cells[new]["arrive"] += cell
                cells[old]["leave"] += cell
        return {name: Tally(**fields) for name, fields in cells.items()}
