"""Check digits: Luhn, Verhoeff, ISO 7064 and weighted sums. Each takes a string of ASCII digits, the check digit last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# The dihedral group of order ten and its permutation (Verhoeff 1969).
_ROWS: Final = "0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210"
_PRODUCT: Final = _ROWS.split()
_ORDERS: Final = "0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258"
_PERMUTED: Final = _ORDERS.split()


def luhn(digits: str) -> bool:
    """Whether the last digit is Luhn's (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def verhoeff(digits: str) -> bool:
    """Whether the last digit is Verhoeff's."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_PRODUCT[check][int(_PERMUTED[place % 8][int(digit)])])
    return check == 0


def mod_11_10(digits: str) -> bool:
    """Whether the last digit is that of ISO 7064 MOD 11,10."""
    product = 10
    for digit in digits[:-1]:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of digits times weights, as far as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
