"""Document sketches: hashed shingles, MinHash, band keys and the similarity that two signatures show.

A document is the set of its runs of ``ngram`` tokens (`udfs.words.tokens`). Its MinHash (Broder 1997) takes, for each of
``bands * rows`` hash functions, the smallest value over that set; two documents agree in one of them with a probability
equal to their Jaccard similarity. Keys of the bands propose pairs, eight bits of each minimum verify them, and a 128-bit
hash of the whole token stream finds texts that differ in case, punctuation and space only.

`sketch_batch` reads Arrow texts in one compiled pass (`udfs.sketch.kernel`); `sketch` is the same for one string.
"""

from udfs.sketch.documents import Sketch, Sketches, minima, shingle_hashes, sketch, sketch_batch
from udfs.sketch.estimates import s_curve, shingle_jaccard, similarity
from udfs.sketch.hashing import Hashes, gram_hashes, mix, token_hashes
from udfs.sketch.settings import Family, SketchSettings

__all__ = [
    "Family",
    "Hashes",
    "Sketch",
    "SketchSettings",
    "Sketches",
    "gram_hashes",
    "minima",
    "mix",
    "s_curve",
    "shingle_hashes",
    "shingle_jaccard",
    "similarity",
    "sketch",
    "sketch_batch",
    "token_hashes",
]
