"""The data cards of a mixture, made from its manifest alone: ``README.md`` as Hugging Face reads it, Croissant, and a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["CARDS", "CROISSANT", "PAGE", "README", "cards"]

README, CROISSANT, PAGE = "README.md", "croissant.json", "card.html"
CARDS = (README, CROISSANT, PAGE)


def cards(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Write the data cards of a manifest.

    Parameters
    ----------
    manifest : mapping
        As `jobs.manifest.manifest_of` returns it, or as it was read from a folder of shards.

    Returns
    -------
    dict of str to str
        Text of the files by name, `CARDS`. Equal manifests give equal texts.
    """
    from jobs.cards.croissant import croissant
    from jobs.cards.page import page, readme

    text = json.dumps(croissant(manifest), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    return {README: readme(manifest), CROISSANT: text, PAGE: page(manifest)}
