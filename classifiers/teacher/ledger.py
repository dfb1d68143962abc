"""What a teacher has answered, so that nothing is paid for twice: JSON lines that are only ever appended to.

The key of a line is a digest of all that the answer depends on (`key`). A line is on the disk before its answer counts. A last line
that a kill has torn is dropped when the file is opened again, and its question asked anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

Status = Literal["ok", "refused", "unparsable"]


class LedgerError(RuntimeError):
    """A ledger can't be used: the file, the line, what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered question.

    Parameters
    ----------
    key : str
        Digest of the question.
    status : {"ok", "refused", "unparsable"}
        What became of it.
    answer : mapping or None
        The values of the answer; None unless the status is ``ok``.
    raw : tuple of str
        What the teacher wrote, each time it was asked.
    prompt, model, served : str
        Prompt with its version, the model that was asked for and the one that the endpoint says has answered.
    date : str
        UTC, ISO 8601.
    tokens_in, tokens_out : int
        What the endpoint says to have read and written, all times together.
    """

    key: str
    status: Status
    answer: Mapping[str, Any] | None
    raw: tuple[str, ...]
    prompt: str
    model: str
    served: str
    date: str
    tokens_in: int
    tokens_out: int

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what `to_json` wrote; raises ``ValueError``, ``TypeError`` or ``KeyError`` for anything else."""
        body = json.loads(line)
        entry = cls(**body | {"raw": tuple(body["raw"])})
        if entry.status not in get_args(Status) or not isinstance(entry.key, str):
            raise ValueError("no entry of a ledger")
        return entry


def key(model: str, sampling: Mapping[str, Any], prompt: tuple[str, Mapping[str, Any]], shown: str) -> str:
    """Return the digest of a question, hexadecimal.

    Parameters
    ----------
    model : str
        Name of the model.
    sampling : mapping
        Temperature, seed and whatever else the request sets.
    prompt : (str, mapping)
        Digest of the prompt, and the JSON schema of the answer, whose order of keys counts.
    shown : str
        What the teacher sees of the page; neither its id nor the fences, so that equal pages are asked about once.
    """
    parts = (model, json.dumps(sampling, sort_keys=True), prompt[0], json.dumps(prompt[1]), shown)
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


class Ledger:
    """An open ledger; a context manager. No second process can open the same file meanwhile.

    Parameters
    ----------
    path : Path
        The file; made, with its folder, where it is missing.

    Raises
    ------
    LedgerError
        When another process holds it, or a line other than a torn last one is no entry.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        # Without a buffer: what could not be written must not be tried again when the file is closed.
        self._file = path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._entries = dict(self._read())
        except BlockingIOError:
            self._file.close()
            raise LedgerError(f"{path} is in use by another process; wait for it, or give another ledger") from None
        except LedgerError:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """Return the entry of a question, None where it has not been answered."""
        return self._entries.get(key)

    def add(self, entry: Entry) -> None:
        """Write an entry; when this returns it is on the disk.

        Raises
        ------
        LedgerError
            When it could not be written, as where no space is left; what was written before stays.
        """
        line = entry.to_json().encode() + b"\n"
        try:
            whole = self._file.write(line) == len(line)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise LedgerError(
                f"{self._path} can't be written: {error.strerror or error}; what was answered before is kept"
            ) from error
        if not whole:
            raise LedgerError(f"{self._path} can't be written: no space left; what was answered before is kept")
        self._entries[entry.key] = entry

    def _read(self) -> list[tuple[str, Entry]]:
        found: list[tuple[str, Entry]] = []
        end = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    self._file.truncate(end)
                    break
                end += len(line)
                found.append(self._entry(number, line))
        return found

    def _entry(self, number: int, line: bytes) -> tuple[str, Entry]:
        try:
            entry = Entry.from_json(line.decode())
        except (ValueError, TypeError, KeyError) as error:
            raise LedgerError(
                f"{self._path}, line {number}: no entry of a ledger; give another file, or remove the line"
            ) from error
        return entry.key, entry
