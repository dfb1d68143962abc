"""Pages to text: the face of the HTML reader."""

from udfs.html.charset import REPAIRED, decode
from udfs.html.extraction import Extraction, compile_kernels, extract, plain_text, read_text
from udfs.html.guard import PageRejected
from udfs.html.optout import header_noindex, header_optout
from udfs.html.settings import HtmlSettings
from udfs.html.sniff import is_page

__all__ = [
    "REPAIRED",
    "Extraction",
    "HtmlSettings",
    "PageRejected",
    "compile_kernels",
    "decode",
    "extract",
    "header_noindex",
    "header_optout",
    "is_page",
    "plain_text",
    "read_text",
]
