"""The client against a server on loopback that misbehaves as told: what passes is tried again, what does not ends at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from scripted_endpoint import GOOD, MODEL, Scripted, Step, completion, error, said, scripted

from classifiers.teacher.client import Endpoint, EndpointError, GaveUp, Question, Sampling, Teacher
from classifiers.teacher.pace import retry_after
from classifiers.teacher.replies import Reply

KEY = "sk-very-secret"
QUESTION = Question([{"role": "system", "content": "Judge."}, {"role": "user", "content": "page"}], "quality", {"type": "object"})
QUICK = {"backoff_s": 0.01, "timeout_s": 5.0, "attempts": 3}


def asked(script: Any, *, check: bool = False, models: Step | None = None, **settings: Any) -> tuple[Reply, Scripted]:
    """Ask one question of an endpoint with this script."""

    async def run() -> tuple[Reply, Scripted]:
        async with scripted(script, models=models) as endpoint:
            options: dict[str, Any] = QUICK | {"model": MODEL, "key": KEY} | settings
            async with Teacher(Endpoint(endpoint.url, **options), Sampling()) as teacher:
                if check:
                    await teacher.check()
                return await teacher.ask(QUESTION), endpoint

    return asyncio.run(run())


def test_what_is_sent() -> None:
    """Model, messages, sampling and the form of the answer are in the request, the key in its header."""
    reply, endpoint = asked([])
    assert reply == Reply(GOOD, False, MODEL, 100, 10)
    (body,) = endpoint.asked
    assert body == {
        "model": MODEL,
        "messages": QUESTION.messages,
        "temperature": 0.0,
        "seed": 1,
        "max_tokens": 200,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "quality", "strict": True, "schema": {"type": "object"}},
        },
    }
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "Authorization" not in asked([], key="")[1].headers[0]


PASSING = {
    "429": error(429, Retry_After="0"),
    "429 without a time": error(429),
    "500": error(500),
    "502 as HTML": Step(502, "<html>bad gateway</html>"),
    "503 with a date": error(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "a closed connection": Step(body=None),
    "slow": Step(delay=2.0),
    "no JSON": Step(body="<html>"),
    "half of it": Step(body='{"choices": [{"mess'),
    "no completion": Step(body={"choices": []}),
    "a list": Step(body=[1]),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again(fault: Step) -> None:
    """One fault of each kind, twice, and then an answer: the answer counts."""
    reply, endpoint = asked([fault, fault], timeout_s=0.5 if fault.delay else 30.0)
    assert reply.text == GOOD
    assert len(endpoint.asked) == 3
    assert endpoint.asked[0] == endpoint.asked[2]


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_fails_the_question(fault: Step) -> None:
    """After the last attempt the question has failed, with a reason in one line."""
    with pytest.raises(GaveUp, match="2 times") as failed:
        asked([fault] * 2, attempts=2, timeout_s=0.1 if fault.delay else 30.0)
    assert "\n" not in str(failed.value)


HOPELESS: dict[str, tuple[Step, str]] = {
    "401": (error(401, f"Incorrect API key provided: {KEY}"), "the key is not accepted"),
    "403": (error(403), "HTTP 403"),
    "404": (error(404, f"The model `{MODEL}` does not exist"), "no model 'teacher-1'"),
    "405": (Step(405, "not here"), "does the address end in /v1"),
    "402": (error(402, "no money"), "no money"),
    "quota": (error(429, "spent", "insufficient_quota"), "spent"),
    "redirect": (Step(307, "", {"Location": "https://elsewhere.example/"}), "give the address where it is"),
    "a long pause": (error(429, Retry_After="7200"), "a pause of 7,200 s"),
}


@pytest.mark.parametrize(("fault", "says"), HOPELESS.values(), ids=HOPELESS)
def test_what_is_hopeless_ends_at_once(fault: Step, says: str) -> None:
    """One request, one line that says what to do, and the key nowhere in it."""
    seen: list[int] = []
    with pytest.raises(EndpointError) as ended:
        asked(lambda n, _: (seen.append(n), fault)[1])
    assert seen == [0]
    assert says in str(ended.value)
    assert KEY not in str(ended.value)
    assert "\n" not in str(ended.value)


def test_a_wrong_request_fails_the_question_at_once() -> None:
    """What is wrong with one page, as a text that is too long, is not sent again."""
    seen: list[int] = []
    with pytest.raises(GaveUp, match="HTTP 400: too long"):
        asked(lambda n, _: (seen.append(n), error(400, "too long"))[1])
    assert seen == [0]


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (said(None, refusal="I won't."), "I won't."),
        (said("half of", finish="content_filter"), "half of"),
        (error(400, "filtered", "content_filter"), "filtered"),
    ],
)
def test_refusals_are_told(step: Step, text: str) -> None:
    """What the endpoint itself calls a refusal is one; it is not asked again."""
    reply, endpoint = asked([step])
    assert (reply.refused, reply.text, len(endpoint.asked)) == (True, text, 1)


@pytest.mark.parametrize(
    "body", [completion(None), completion("") | {"usage": None}, completion("x") | {"usage": {"prompt_tokens": "n"}}]
)
def test_odd_completions_are_replies(body: dict[str, Any]) -> None:
    """A completion without text or without usage is a reply all the same: whether it can be read is decided later."""
    reply, _ = asked([Step(body=body)])
    assert not reply.refused
    assert reply.text in ("", "x")


def test_all_questions_wait_while_the_endpoint_wants_a_pause() -> None:
    """After a Retry-After nothing is sent by any question before that time."""

    async def run() -> list[float]:
        async with scripted([error(429, Retry_After="1")]) as endpoint:
            async with Teacher(Endpoint(endpoint.url, MODEL, concurrency=3), Sampling()) as teacher:
                first = asyncio.create_task(teacher.ask(QUESTION))
                while not endpoint.asked:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.2)
                await asyncio.gather(first, teacher.ask(QUESTION), teacher.ask(QUESTION))
            return endpoint.times

    first, *others = asyncio.run(run())
    assert len(others) == 3
    assert min(others) - first >= 1.0


def test_requests_keep_to_the_rate() -> None:
    """Five at 600 a minute take four tenths of a second, however many may be under way."""

    async def run() -> float:
        async with scripted() as endpoint, Teacher(Endpoint(endpoint.url, MODEL, per_minute=600), Sampling()) as teacher:
            begun = asyncio.get_running_loop().time()
            await asyncio.gather(*(teacher.ask(QUESTION) for _ in range(5)))
            return asyncio.get_running_loop().time() - begun

    assert asyncio.run(run()) >= 0.39


def test_pauses_double_and_are_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause is between half and all of what doubles, by the question's hash."""

    def pauses(text: str) -> list[float]:
        found: list[float] = []

        async def rest(seconds: float) -> None:
            found.append(seconds)

        async def run() -> None:
            async with scripted([error(500)] * 4) as endpoint:
                asked_of = Endpoint(endpoint.url, MODEL, attempts=5, backoff_s=1.0)
                async with Teacher(asked_of, Sampling()) as teacher:
                    monkeypatch.setattr(teacher._pace, "rest", rest)
                    await teacher.ask(Question([{"role": "user", "content": text}], "q", {}))

        asyncio.run(run())
        return found

    first = pauses("a")
    assert len(first) == 4
    assert all(0.5 * 2**n <= pause <= 2**n for n, pause in enumerate(first))
    assert pauses("a") == first
    assert pauses("b") != first


def test_a_stopped_teacher_sends_nothing_more() -> None:
    """A question that waits for its next attempt fails at once, one that has not been sent never is."""

    async def run() -> int:
        async with scripted([error(500)] * 9) as endpoint:
            async with Teacher(Endpoint(endpoint.url, MODEL, backoff_s=60.0), Sampling()) as teacher:
                waiting = asyncio.create_task(teacher.ask(QUESTION))
                while not endpoint.asked:
                    await asyncio.sleep(0.01)
                teacher.stop()
                for question in (waiting, asyncio.create_task(teacher.ask(QUESTION))):
                    with pytest.raises(GaveUp, match="stopped"):
                        await asyncio.wait_for(question, 5)
            return len(endpoint.asked)

    assert asyncio.run(run()) == 1


CHECKS: dict[str, tuple[Step | None, str, str]] = {
    "another model": (None, "llama", "has no model 'llama'; it has teacher-1, other:latest"),
    "401": (error(401), MODEL, "the key is not accepted"),
}


@pytest.mark.parametrize(("models", "model", "says"), CHECKS.values(), ids=CHECKS)
def test_a_wrong_model_or_key_is_seen_before_the_first_question(models: Step | None, model: str, says: str) -> None:
    """Nothing is asked."""
    seen: list[int] = []
    with pytest.raises(EndpointError, match=says):
        asked(lambda n, _: (seen.append(n), Step())[1], check=True, models=models, model=model)
    assert not seen


@pytest.mark.parametrize(
    "models", [error(404), error(500), Step(body="<html>"), Step(body={"data": []}), Step(body={"data": [1]})]
)
def test_endpoints_need_not_list_models(models: Step) -> None:
    """An endpoint that lists nothing, or can't, is asked all the same."""
    assert asked([], check=True, models=models)[0].text == GOOD


def test_ollama_takes_a_model_without_its_tag() -> None:
    """`other` is `other:latest`."""
    assert asked([], check=True, model="other")[0].text == GOOD


def test_a_server_that_is_down_is_said_at_once() -> None:
    """Nothing listens: one line with the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"

    async def run() -> None:
        async with Teacher(Endpoint(url, MODEL), Sampling()) as teacher:
            await teacher.check()

    with pytest.raises(EndpointError, match=f"no endpoint at {url}.*is the server running"):
        asyncio.run(run())


@pytest.mark.parametrize("url", ["", "localhost:8000/v1", "ftp://a/v1", "http:///v1", f"http://user:{KEY}@a.example/v1"])
def test_addresses_that_are_none(url: str) -> None:
    """What is no address, and one with a password in it, is refused, the password not repeated."""
    with pytest.raises(EndpointError) as refused:
        Teacher(Endpoint(url, MODEL), Sampling())
    assert KEY not in str(refused.value)


def test_the_key_is_not_shown() -> None:
    """Nor does an endpoint show it when it is printed."""
    assert KEY not in repr(Endpoint("http://a", MODEL, key=KEY))


NOW = datetime(2015, 10, 21, 7, 27, 30, tzinfo=UTC)
PAUSES: Sequence[tuple[str, float | None]] = (
    ("0", 0.0),
    (" 17 ", 17.0),
    ("Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
    ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
    ("", None),
    ("soon", None),
    ("-1", None),
    ("1.5", None),
)


@pytest.mark.parametrize(("value", "seconds"), PAUSES)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds or a date; what is neither is none."""
    assert retry_after(value, NOW) == seconds
