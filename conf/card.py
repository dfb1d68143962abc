"""Settings of the data card: what people are told of a mixture beside the numbers of its manifest."""

from __future__ import annotations

from conf.sections import Section, setting


class Card(Section):
    """What only people know of the data set; its numbers come from the manifest."""

    title: str | None = setting(None, "name of the data set; null: the recipe's name")
    description: str | None = setting(None, "what it is for, in a sentence or two; null: what can be said from the numbers")
    licence: str = setting("other", "licence of the collection, as Hugging Face names it; other: that of each page holds")
    licence_url: str | None = setting(None, "where its terms stand")
    creator: str | None = setting(None, "who publishes it")
    contact: str | None = setting(None, "where people ask, and ask for removal")
    url: str | None = setting(None, "where it is published")
    published: str | None = setting(None, "day of publication", pattern=r"^\d{4}-\d{2}-\d{2}$")
