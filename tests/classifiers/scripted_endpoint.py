"""An endpoint on loopback whose answers, and faults, a test writes down beforehand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

GOOD = '{"meets": true, "score": 4, "flags": []}'
MODEL = "teacher-1"


def completion(content: str | None, *, finish: str = "stop", refusal: str | None = None) -> dict[str, Any]:
    """The body of a completion."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return {"model": MODEL, "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}


@dataclass(frozen=True)
class Step:
    """One answer: status, body (text is sent as it is, None closes the connection), headers, and how long it takes."""

    status: int = 200
    body: Any = field(default_factory=lambda: completion(GOOD))
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


def error(status: int, message: str = "no", code: str = "", **headers: str) -> Step:
    """An error as OpenAI's."""
    return Step(status, {"error": {"message": message, "code": code}}, {k.replace("_", "-"): v for k, v in headers.items()})


def said(content: str | None, **more: Any) -> Step:
    """A completion with this text."""
    return Step(body=completion(content, **more))


@dataclass
class Scripted:
    """A running endpoint: what was asked, and the most that was under way at once."""

    script: Callable[[int, dict[str, Any]], Step]
    models: Step
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """Answer a question by the script."""
        body = await request.json()
        self.asked.append(body)
        self.times.append(asyncio.get_running_loop().time())
        self.headers.append(dict(request.headers))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await answered(request, self.script(len(self.asked) - 1, body))
        finally:
            self.under_way -= 1

    async def list_models(self, request: web.Request) -> web.StreamResponse:
        """Answer which models there are."""
        return await answered(request, self.models)


async def answered(request: web.Request, step: Step) -> web.StreamResponse:
    """Turn a step into what goes over the wire."""
    await asyncio.sleep(step.delay)
    if step.body is None:
        assert request.transport
        request.transport.close()
    text = step.body if isinstance(step.body, str) else json.dumps(step.body)
    return web.Response(status=step.status, text=text, headers=step.headers)


@asynccontextmanager
async def scripted(
    script: Sequence[Step] | Callable[[int, dict[str, Any]], Step] = (), *, models: Step | None = None
) -> AsyncIterator[Scripted]:
    """Serve steps one after the other, then good answers; or what a function of the number and the body of a request says."""
    steps = script if callable(script) else lambda n, _: script[n] if n < len(script) else Step()
    endpoint = Scripted(steps, models or Step(body={"data": [{"id": MODEL}, {"id": "other:latest"}]}))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.complete)
    app.router.add_get("/v1/models", endpoint.list_models)
    async with TestServer(app, host="127.0.0.1") as server:
        endpoint.url = str(server.make_url("/v1"))
        yield endpoint
