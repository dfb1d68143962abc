"""The one adapter over the fastText library: models by path and digest, predictions that are right under NumPy 2."""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PREFIX = "__label__"


class ModelMissing(LookupError):
    """A model file is not there, or is not the one that was asked for."""


class FastText:
    """A loaded model.

    The library's public ``predict`` raises under NumPy 2 for one text and repeats the first probability for several;
    its inner call is right. A final newline is appended as the library does itself: it is a word of the model.

    Parameters
    ----------
    path : str or Path
        The model file (``.bin`` or ``.ftz``).
    sha256 : str, optional
        Hexadecimal digest that the file must have.

    Raises
    ------
    ModelMissing
        When there is no such file or its digest differs.
    """

    __slots__ = ("_model", "_output", "_places", "digest", "path")

    def __init__(self, path: str | Path, sha256: str | None = None) -> None:
        self.path = str(path)
        self.digest = _digest(self.path)
        if sha256 is not None and self.digest != sha256.lower():
            raise ModelMissing(
                f"model {self.path} has SHA-256 {self.digest}, expected {sha256.lower()}; run `woolmill models fetch`"
            )
        import fasttext  # loaded on use: the library prints on import of some builds, and most tests need no model

        with contextlib.redirect_stderr(io.StringIO()):
            self._model = fasttext.load_model(self.path)
        self._output: NDArray[np.float64] | None = None
        self._places = [label.removeprefix(PREFIX) for label in self._model.labels]

    def predict(self, text: str, k: int = 1) -> list[tuple[str, float]]:
        """Return the ``k`` best labels of a text.

        Parameters
        ----------
        text : str
            Any text; all white space is folded to single blanks, NUL and lone surrogates are dropped.
        k : int
            Labels wanted, at least 1.

        Returns
        -------
        list of (str, float)
            Labels without their prefix and probabilities in 0-1, best first, equal ones by label; at most ``k``, as
            the library leaves out those of a vanishing probability.
        """
        return self.predict_line(" ".join(text.replace("\x00", " ").encode("utf-8", "ignore").decode("utf-8").split()), k)

    def predict_line(self, line: str, k: int = 1) -> list[tuple[str, float]]:
        """Return the ``k`` best labels of a text of one line, without NUL or lone surrogates; see `predict`."""
        found = self._model.f.predict(line + "\n", k, 0.0, "strict")
        clipped = [(label.removeprefix(PREFIX), min(max(float(p), 0.0), 1.0)) for p, label in found]
        return sorted(clipped, key=lambda pair: (-pair[1], pair[0]))

    def log_odds(self, line: str, label: str) -> float:
        """Return the log-odds of a label for a text of one line, without NUL or lone surrogates.

        The library's probabilities end at 1e-5 and 1 - 1e-5: a model that is often surer than that ranks nothing beyond. These are
        taken from the weights, of a model with the loss softmax.

        Parameters
        ----------
        line : str
            The text.
        label : str
            One of `labels`.

        Raises
        ------
        ValueError
            When there is no such label.
        """
        import fasttext

        if self._output is None:
            self._output = np.array(self._model.f.getOutputMatrix(), dtype=np.float64)
        vector = fasttext.FastText.fasttext.Vector(self._output.shape[1])
        self._model.f.getSentenceVector(vector, line + "\n")
        sums: list[float] = (self._output @ np.array(vector, dtype=np.float64)).tolist()
        own = sums.pop(self._places.index(label))
        most = max(sums)
        return own - most - math.log(sum(math.exp(other - most) for other in sums))

    def labels(self) -> list[str]:
        """Return every label of the model, without prefix, sorted."""
        return sorted(self._places)


@lru_cache(maxsize=8)
def load(path: str, sha256: str | None = None) -> FastText:
    """Return a model, loaded once a process for each path and digest; raises `ModelMissing` as `FastText` does."""
    return FastText(path, sha256)


def _digest(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelMissing(f"no model at {path} ({error.strerror}); run `woolmill models fetch`") from error
