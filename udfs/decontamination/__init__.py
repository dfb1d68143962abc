"""Decontamination: which benchmark items a document holds, where, and what becomes of it.

The items' n-grams are indexed and looked up in the documents, never the reverse: items are few, documents are many.
"""

from udfs.decontamination.build import BenchmarkItem, BuildSettings, build_index
from udfs.decontamination.index import PARTS, Hit, NgramIndex, Part, Place
from udfs.decontamination.rules import Action, Rule, copies, cut, cut_ranges, strongest
from udfs.decontamination.table import joined
from udfs.decontamination.text import plain

__all__ = [
    "PARTS",
    "Action",
    "BenchmarkItem",
    "BuildSettings",
    "Hit",
    "NgramIndex",
    "Part",
    "Place",
    "Rule",
    "build_index",
    "copies",
    "cut",
    "cut_ranges",
    "joined",
    "plain",
    "strongest",
]
