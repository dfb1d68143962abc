"""The few tree operations that the page readers share, over Resiliparse's tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from resiliparse.parse.html import ElementNode, HTMLTree, Node

MAX_MATCHES = 20_000
"""Elements that one query returns at most; those beyond are left as the page has them."""


def select(root: HTMLTree | ElementNode, css: str, limit: int = MAX_MATCHES) -> list[ElementNode]:
    """Return the first elements that match a selector, in document order."""
    base = root.document if isinstance(root, HTMLTree) else root
    # Taken by a slice: iterating over the collection builds all of it again for every element (quadratic).
    return list(base.query_selector_all(css)[:limit]) if base is not None else []


def children(element: ElementNode) -> list[ElementNode]:
    """Child elements, in order."""
    return list(element.children[:])


def text_of(node: Node) -> str:
    """All characters below a node."""
    return node.text or ""


def attribute(element: ElementNode, name: str) -> str:
    """Value of an attribute; empty where there is none."""
    return element.getattr(name) or ""


def put_text(tree: HTMLTree, element: ElementNode, text: str, *, block: bool = False) -> None:
    """Replace an element by text, or by a ``div`` that holds the text."""
    if element.parent is None:
        return
    node = tree.create_element("div") if block else tree.create_text_node(text)
    if node is None:
        return
    if block:
        node.text = text
    element.replace_with(node)


def put_pre(tree: HTMLTree, element: ElementNode, text: str) -> None:
    """Replace an element by a ``pre`` of the same class and id, since engines judge by these."""
    if element.parent is None:
        return
    node = cast("ElementNode | None", tree.create_element("pre"))
    if node is None:
        return
    for name in ("class", "id"):
        if value := attribute(element, name):
            node.setattr(name, value)
    node.text = text
    element.replace_with(node)


def add_text(tree: HTMLTree, element: ElementNode, text: str) -> None:
    """Append text to an element's children."""
    node = tree.create_text_node(text)
    if node is not None:
        element.append_child(node)


def drop(root: HTMLTree | ElementNode, css: str) -> None:
    """Take every element that matches out of the tree."""
    for element in select(root, css):
        if element.parent is not None:
            element.remove()


def older(element: ElementNode, levels: int) -> Iterator[ElementNode]:
    """Yield the nearest ancestors, nearest first."""
    above = element.parent_element
    for _ in range(levels):
        if above is None:
            return
        yield above
        above = above.parent_element
