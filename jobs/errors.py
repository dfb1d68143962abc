"""What ends a run, by what a person can do about it; the exit codes of every job."""

from __future__ import annotations

DONE = 0
UNEXPECTED = 1
WRONG_SETTINGS = 2
WRONG_INPUT = 3
WRONG_OUTPUT = 4
OUT_OF_BALANCE = 5
INTERRUPTED = 130


class JobError(RuntimeError):
    """A run ends here; the message is one line that says what was seen and what to do."""

    code = UNEXPECTED


class NothingLeft(JobError):
    """A stage had nothing to hand on."""

    code = WRONG_INPUT


class OutOfBalance(JobError):
    """The accounts of a stage do not add up: a fault of the program, and nothing was published."""

    code = OUT_OF_BALANCE
