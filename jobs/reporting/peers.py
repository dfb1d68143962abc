"""When a group of documents loses more than its peers: one rule, stated once, for the report and for whoever reads its figures.

A group stands out at a stage when at least `LEAST` of its documents came in, at least `PEERS` others of that size did too, its loss
is more than `POINTS` above the median loss of those others, and still above that median `ERRORS` standard errors further down.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import Final

LEAST: Final = 50
"""Documents that a group needs at a stage to be compared there, and to be compared with."""

PEERS: Final = 2
"""Other groups that there have to be for a median to mean something."""

POINTS: Final = 0.10
"""A loss has to be above the median by more than this, as a share."""

ERRORS: Final = 2.0
"""Standard errors by which chance may have raised a loss."""


def typical(shares: Sequence[float]) -> float | None:
    """Return the median loss of the other groups (0-1), or None where fewer than `PEERS` can be compared with."""
    return median(shares) if len(shares) >= PEERS else None


def lower_bound(lost: int, came_in: int) -> float:
    """Return the loss, as a share, that is `ERRORS` standard errors below the one seen: the lower end of Wilson's interval.

    It is 0 where nothing came in, and below 1 where everything was lost: unlike the plain standard error, it holds at the ends.
    """
    if came_in <= 0:
        return 0.0
    seen, z2 = lost / came_in, ERRORS * ERRORS
    spread = ERRORS * sqrt(seen * (1 - seen) / came_in + z2 / (4 * came_in * came_in))
    return min(seen, max(0.0, (seen + z2 / (2 * came_in) - spread) / (1 + z2 / came_in)))


def stands_out(lost: int, came_in: int, middle: float | None) -> bool:
    """Whether a group loses more than its peers.

    Parameters
    ----------
    lost, came_in : int
        Documents of the group that a stage was handed, and those it took out.
    middle : float or None
        The median loss of the others, as `typical` gives it.
    """
    if middle is None or came_in < LEAST:
        return False
    return lost / came_in - middle > POINTS and lower_bound(lost, came_in) > middle
