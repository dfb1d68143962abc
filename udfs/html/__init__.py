"""Pages to text: the face of the HTML reader."""

from udfs.html.charset import decode
from udfs.html.extraction import Extraction, HtmlSettings, extract, plain_text, read_text
from udfs.html.guard import PageRejected
from udfs.html.optout import header_noindex, header_optout
from udfs.html.sniff import is_page

__all__ = [
    "Extraction",
    "HtmlSettings",
    "PageRejected",
    "decode",
    "extract",
    "header_noindex",
    "header_optout",
    "is_page",
    "plain_text",
    "read_text",
]
