"""What comes back from an endpoint: a completion, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REFUSED = frozenset({"content_filter", "content_policy_violation"})
"""Reasons, or codes of errors, by which endpoints say that they won't answer."""

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the text as written, whether the endpoint calls it a refusal, the model and the tokens that it states."""

    text: str
    refused: bool
    served: str
    tokens_in: int
    tokens_out: int


class Again(Exception):
    """An attempt failed in a way that may pass; the endpoint may have asked for a pause (seconds)."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.why, self.pause = why, pause


def parsed(content: bytes, status: int) -> dict[str, Any]:
    """Return the JSON object of an HTTP answer; one of an error may be any text, one of a success raises `Again` then."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        if status == 200:
            raise Again(f"the endpoint's answer is no JSON: {' '.join(str(content[:80]).split())}") from None
        return {"message": content[:_SHOWN].decode("utf-8", "replace")}
    return body if isinstance(body, dict) else {}


def reply(body: Mapping[str, Any]) -> Reply:
    """Read a completion; raises `Again` where it is none, as that of a proxy or of a server in trouble."""
    try:
        choice = body["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Again("the endpoint's answer is no completion") from None
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    refused = bool(refusal) or finish in REFUSED
    written = refusal if refusal else text
    tokens_in, tokens_out = (_count(usage, name) for name in ("prompt_tokens", "completion_tokens"))
    return Reply(written if isinstance(written, str) else "", refused, str(body.get("model") or ""), tokens_in, tokens_out)


def _count(usage: Any, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value >= 0 else 0


def code_of(body: Mapping[str, Any]) -> str:
    """Return the code, else the type, of an error; empty where there is none."""
    error = body.get("error")
    return str(error.get("code") or error.get("type") or "") if isinstance(error, dict) else ""
