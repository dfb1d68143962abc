"""Who may see which document: training, validation and test parts, and folds, of whole registered domains.

Pages of one site share boilerplate, authors and subjects; a document-wise split lets a model be tested on what it was shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import xxhash

PARTS: Final = ("train", "validation", "test")
SHARES: Final = (80, 10, 10)
"""Per cent of the domains in each of `PARTS`."""
SALT: Final = "woolmill"


def part_of(group: str, salt: str = SALT, shares: tuple[int, int, int] = SHARES) -> str:
    """Return the part that a registered domain belongs to, by a salted hash: the same in every run and every data set.

    Parameters
    ----------
    group : str
        Registered domain, or what else is held out as a whole.
    salt : str
        Another salt gives another split.
    shares : tuple of int
        Per cent of the domains in each of `PARTS`.

    Raises
    ------
    ValueError
        When the shares are not percentages that add up to 100.
    """
    if sum(shares) != 100 or min(shares) < 0:
        raise ValueError(f"the shares of {', '.join(PARTS)} must add up to 100, these are {shares}")
    place = xxhash.xxh3_64_intdigest(f"{salt}\0{group}".encode("utf-8", "surrogatepass")) % 100
    return PARTS[0] if place < shares[0] else PARTS[1] if place < shares[0] + shares[1] else PARTS[2]


def check_apart(parts: Mapping[str, Iterable[str]]) -> None:
    """Refuse parts that share a domain.

    Parameters
    ----------
    parts : mapping of str to iterable of str
        Name of each part and the groups of its documents.

    Raises
    ------
    ValueError
        Names a domain that two parts have, and both of them.
    """
    owner: dict[str, str] = {}
    for part, groups in parts.items():
        for group in sorted(set(groups)):
            if owner.setdefault(group, part) != part:
                raise ValueError(
                    f"domain {group} is in {owner[group]} and in {part}: a model would be tested on what it was shown"
                )


def folds_of(groups: Sequence[str], truth: Iterable[bool], folds: int) -> dict[str, int]:
    """Deal groups to folds for cross-validation, those with most positives first, so that each fold gets some.

    Parameters
    ----------
    groups : sequence of str
        The group of each example.
    truth : iterable of bool
        Whether each example is a positive.
    folds : int
        Number of folds.

    Returns
    -------
    dict of str to int
        The fold (from 0) of each group. Ties go by number of examples and name: any order of the examples gives the same folds.
    """
    every = Counter(groups)
    having = Counter(group for group, positive in zip(groups, truth, strict=True) if positive)
    ranked = sorted(every, key=lambda group: (-having[group], -every[group], group))
    return {group: rank % folds for rank, group in enumerate(ranked)}
