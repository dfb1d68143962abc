"""When requests may go: at a rate, after pauses that an endpoint asks for, and not at all once a run ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class Pace:
    """Lets requests go at a rate, and holds all of them back while the endpoint wants a pause.

    Parameters
    ----------
    interval : float
        Least seconds between two requests.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = 0.0
        self._closed = asyncio.Event()

    async def turn(self) -> bool:
        """Wait until a request may go; False when none may any more."""
        clock = asyncio.get_running_loop().time
        while not self._closed.is_set() and (wait := self._next - clock()) > 0:
            await self.rest(wait)
        self._next = max(self._next, clock() + self._interval)
        return not self._closed.is_set()

    def hold(self, seconds: float) -> None:
        """Let no request go for a while."""
        self._next = max(self._next, asyncio.get_running_loop().time() + seconds)

    async def rest(self, seconds: float) -> None:
        """Wait, or until the pace is closed."""
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """Let no request go any more."""
        self._closed.set()


def retry_after(value: str, now: datetime) -> float | None:
    """Return the pause in seconds that a ``Retry-After`` asks for (RFC 9110, 10.2.3); None where it says nothing readable."""
    if value.strip().isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
