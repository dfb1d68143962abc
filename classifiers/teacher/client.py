"""A client for the ``/chat/completions`` of any OpenAI-compatible endpoint: vLLM, llama.cpp, Ollama, TGI, hosted ones.

What a person got wrong (key, address, model) ends the run at once, in one line. What passes (429, 5xx, a lost connection, no answer in
time) is tried again after a while that doubles, or that the endpoint asks for. What is wrong with one question fails that question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import xxhash

from classifiers.teacher.pace import Pace, retry_after
from classifiers.teacher.replies import REFUSED, Again, Reply, code_of, parsed, reply

LONGEST_WAIT_S = 600.0
"""An endpoint that asks for a longer pause ends the run."""

LONGEST_BACKOFF_S = 60.0
_CHECK_S, _CONNECT_S = 10.0, 5.0
_MOST_BYTES = 4 * 2**20
_SHOWN = 200
_TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NO_KEY = frozenset({401, 403})
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class EndpointError(RuntimeError):
    """No question can be answered: what was seen at which address, and what to do, in one line."""


class GaveUp(RuntimeError):
    """One question has failed for good; why, in one line."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a teacher is asked, and how often.

    Parameters
    ----------
    url : str
        Base address, up to and with ``/v1``.
    model : str
        The model, as the endpoint names it.
    key : str
        Sent as a bearer token; empty for none. Never shown.
    timeout_s : float
        Longest wait for an answer.
    attempts : int
        How often a question is sent at most while its failures may pass.
    backoff_s : float
        First pause between attempts; it doubles.
    concurrency : int
        Questions under way at once.
    per_minute : int, optional
        Most requests a minute.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = 120.0
    attempts: int = 6
    backoff_s: float = 1.0
    concurrency: int = 8
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the teacher draws its answer; part of the key of every answer."""

    temperature: float = 0.0
    seed: int = 1
    max_tokens: int = 200


@dataclass(frozen=True, slots=True)
class Question:
    """One request: messages, and the name and JSON schema of the answer's form."""

    messages: Sequence[Mapping[str, str]]
    name: str
    schema: Mapping[str, Any]


class Teacher:
    """An endpoint that is being asked; an async context manager.

    Parameters
    ----------
    endpoint : Endpoint
        Where.
    sampling : Sampling
        How.

    Raises
    ------
    EndpointError
        When the address is none.
    """

    def __init__(self, endpoint: Endpoint, sampling: Sampling) -> None:
        parts = urlsplit(endpoint.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EndpointError(f"{endpoint.url!r} is no address; give one such as http://127.0.0.1:8000/v1")
        if parts.username or parts.password:
            raise EndpointError(f"the address of {parts.hostname} holds a user or a password; give keys by the environment only")
        self._endpoint, self._sampling = endpoint, sampling
        self._base = endpoint.url.rstrip("/")
        self._pace = Pace(60.0 / endpoint.per_minute if endpoint.per_minute else 0.0)
        self.requests = 0

    @property
    def concurrency(self) -> int:
        """Questions that may be under way at once."""
        return self._endpoint.concurrency

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {}
        connector = aiohttp.TCPConnector(limit=self._endpoint.concurrency)
        self._session = aiohttp.ClientSession(headers=headers, connector=connector)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._session.close()

    def stop(self) -> None:
        """Send nothing more: attempts under way are waited for, pauses before others end and those questions fail."""
        self._pace.close()

    async def check(self) -> None:
        """Look whether the endpoint is there, takes the key and has the model; costs nothing.

        Raises
        ------
        EndpointError
            When it is not reached or not allowed, or lists its models and this one is not among them.
        """
        try:
            status, _, body = await self._exchange("GET", "/models", None, _CHECK_S)
        except (TimeoutError, Again) as error:
            if not isinstance(error, aiohttp.ConnectionTimeoutError):
                return
            raise EndpointError(f"no endpoint at {self._base}: nothing there takes a connection") from error
        except aiohttp.ClientError as error:
            raise EndpointError(f"no endpoint at {self._base}: {self._plain(error)}; is the server running?") from error
        self._stop_if_hopeless(status, body, asked=False)
        listed = body.get("data") if status == 200 else None
        if not isinstance(listed, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in listed):
            return
        names = [one["id"] for one in listed]
        # Ollama lists a model with its tag, and takes it without.
        if names and not any(name == self._endpoint.model or name == f"{self._endpoint.model}:latest" for name in names):
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            raise EndpointError(f"{self._base} has no model {self._endpoint.model!r}; it has {', '.join(names[:5])}{more}")

    async def ask(self, question: Question, *, again: int = 0) -> Reply:
        """Ask one question.

        Parameters
        ----------
        question : Question
            What is asked.
        again : int
            How often it has been answered before; the seed is that much higher.

        Raises
        ------
        EndpointError
            When no question can be answered.
        GaveUp
            When this one has failed for good.
        """
        sent = self._body(question, again)
        drawn = xxhash.xxh3_64_intdigest(json.dumps(sent).encode("utf-8", "surrogatepass"))
        for attempt in range(self._endpoint.attempts):
            if not await self._pace.turn():
                raise GaveUp("the run was stopped before it was asked")
            try:
                return await self._once(sent)
            except Again as failed:
                why, pause = failed.why, failed.pause
            if pause is None:
                doubled = min(self._endpoint.backoff_s * 2.0**attempt, LONGEST_BACKOFF_S)
                # Half to all of it, by a hash: many questions that fail at once don't come back at once.
                pause = doubled * (0.5 + ((drawn >> attempt) & 1023) / 2046)
            else:
                self._pace.hold(pause)
            if attempt + 1 < self._endpoint.attempts:
                await self._pace.rest(pause)
        raise GaveUp(f"{why}, {self._endpoint.attempts} times")

    def _body(self, question: Question, again: int) -> dict[str, Any]:
        form = {"name": question.name, "strict": True, "schema": question.schema}
        sampling = asdict(self._sampling) | {"seed": self._sampling.seed + again}
        asked = {"model": self._endpoint.model, "messages": list(question.messages), **sampling}
        return asked | {"response_format": {"type": "json_schema", "json_schema": form}}

    async def _once(self, sent: Mapping[str, Any]) -> Reply:
        self.requests += 1
        try:
            status, headers, body = await self._exchange("POST", "/chat/completions", sent, self._endpoint.timeout_s)
        except TimeoutError:
            raise Again(f"no answer within {self._endpoint.timeout_s:g} s") from None
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise EndpointError(f"{self._base} is no address: {self._plain(error)}") from error
        except aiohttp.ClientError as error:
            raise Again(f"the connection failed: {self._plain(error)}") from error
        if status == 200:
            return reply(body)
        self._stop_if_hopeless(status, body, asked=True)
        if status in _TRY_AGAIN or status >= 500:
            raise Again(f"HTTP {status}: {self._said(body)}", self._asked_pause(headers))
        if code_of(body) in REFUSED:
            return Reply(self._said(body), True, self._endpoint.model, 0, 0)
        raise GaveUp(f"HTTP {status}: {self._said(body)}")

    async def _exchange(
        self, method: str, path: str, sent: Mapping[str, Any] | None, timeout_s: float
    ) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(_CONNECT_S, timeout_s))
        # A redirect would carry the key elsewhere and turn the request into another.
        asked = self._session.request(method, self._base + path, json=sent, timeout=timeout, allow_redirects=False)
        async with asked as response:
            content = bytearray()
            async for chunk in response.content.iter_chunked(2**16):
                content += chunk
                if len(content) > _MOST_BYTES:
                    raise Again(f"the answer is longer than {_MOST_BYTES:,} bytes")
            return response.status, response.headers, parsed(bytes(content), response.status)

    def _stop_if_hopeless(self, status: int, body: Mapping[str, Any], *, asked: bool) -> None:
        """Raise what ends the run: nothing that a later attempt or another question could change."""
        if status in _NO_KEY:
            what = "the key is not accepted" if self._endpoint.key else "a key is needed and none is set"
            raise EndpointError(f"{self._base} answers HTTP {status}: {what} ({self._said(body)})")
        if status == 402 or code_of(body) in _SPENT:
            raise EndpointError(f"{self._base} answers HTTP {status}: {self._said(body)}; what was answered is kept")
        if 300 <= status < 400:
            raise EndpointError(f"{self._base} sends elsewhere (HTTP {status}); give the address where it is")
        if asked and status in (404, 405):
            known = f"no model {self._endpoint.model!r}, or no /chat/completions there (does the address end in /v1?)"
            raise EndpointError(f"{self._base} answers HTTP {status}: {known}: {self._said(body)}")

    def _asked_pause(self, headers: Mapping[str, str]) -> float | None:
        pause = retry_after(headers.get("Retry-After", ""), datetime.now(UTC))
        if pause is not None and pause > LONGEST_WAIT_S:
            raise EndpointError(f"{self._base} asks for a pause of {pause:,.0f} s; give the same command after that")
        return pause

    def _said(self, body: Mapping[str, Any]) -> str:
        error = body.get("error", body.get("message", body.get("detail", "")))
        text = error.get("message", "") if isinstance(error, dict) else error
        return self._plain(text) or "without a reason"

    def _plain(self, found: object) -> str:
        """Return what was said in one short line, in which the key does not stand."""
        text = " ".join(str(found).split())
        return (text.replace(self._endpoint.key, "***") if self._endpoint.key else text)[:_SHOWN]
