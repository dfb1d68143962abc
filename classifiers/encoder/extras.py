"""Packages that only part of the encoder's work needs, looked for when they are needed."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = {
    "encoder": ("torch", "transformers", "tokenizers", "onnx", "onnxruntime"),
    "onnx": ("onnxruntime", "tokenizers"),
}
"""What each extra of the distribution brings."""


class ExtraMissing(ImportError):
    """A package of an optional extra is not installed; the message names it and the command that installs it."""


def need(extra: str, use: str) -> None:
    """Check that the packages of an extra are there.

    Parameters
    ----------
    extra : str
        A key of `NEEDED`.
    use : str
        What they are wanted for, for the message.

    Raises
    ------
    ExtraMissing
        When one is not.
    """
    if missing := [name for name in NEEDED[extra] if find_spec(name) is None]:
        raise ExtraMissing(f"{use} needs {', '.join(missing)}: install it with pip install 'woolmill[{extra}]'")
