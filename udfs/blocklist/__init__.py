"""Block lists of hosts, of host and path, and of URL words, looked up without touching the page.

Hosts are kept as sorted 64-bit hashes of names read backwards, because an entry blocks every host below it: one pass over a URL
gives the hash of each parent of its host and of each prefix of its path. A parallel array names the list, so that a decision can
say which list, category and entry it rests on. An allow list beats all of them.
"""

from udfs.blocklist.lists import ALLOW_CATEGORIES, DEFAULT_CATEGORIES, BlockListError, seed_folder
from udfs.blocklist.matching import BlockHit, BlockList, Source, compile_kernels
from udfs.blocklist.words import SOFT_WORDS_TO_BLOCK

__all__ = [
    "ALLOW_CATEGORIES",
    "DEFAULT_CATEGORIES",
    "SOFT_WORDS_TO_BLOCK",
    "BlockHit",
    "BlockList",
    "BlockListError",
    "Source",
    "compile_kernels",
    "seed_folder",
]
