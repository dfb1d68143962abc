"""What a teacher is asked about a sample, and what that will cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from classifiers.teacher import forms, page
from classifiers.teacher.client import Question, Sampling
from classifiers.teacher.ledger import Ledger, key
from classifiers.teacher.page import Page
from classifiers.teacher.prompts import Prompt
from udfs.tokens import counter


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a million tokens that are read and written, in one currency; None where they are not known."""

    tokens_in: float | None = None
    tokens_out: float | None = None

    def of(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return what tokens cost."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1e6


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run ends by itself.

    Parameters
    ----------
    failed : float
        Share of the questions that may fail for good.
    least : int
        Questions from which on that counts.
    budget : float, optional
        What the answers of one run may cost; needs prices.
    """

    failed: float = 0.02
    least: int = 50
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked: the prompt, the model, how it draws, prices and limits."""

    prompt: Prompt
    model: str
    sampling: Sampling
    prices: Prices = Prices()
    limits: Limits = Limits()

    def key(self, one: Page) -> str:
        """Return the ledger's key of a page's question."""
        body = page.shown(one.text, title=one.title, url=one.url)
        return key(self.model, asdict(self.sampling), (self.prompt.digest, self.prompt.schema), body)

    def question(self, one: Page) -> Question:
        """Return the request about a page."""
        messages = self.prompt.messages(one.id, one.text, title=one.title, url=one.url)
        return Question(messages, self.prompt.name, self.prompt.schema)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will ask and cost.

    Parameters
    ----------
    documents : int
        Documents of the sample.
    there : int
        Those that are in the ledger, or are equal to one before.
    requests, tokens_in, tokens_out : int
        Questions left, and about how many tokens they have and the longest answers to them.
    cost : float or None
        Of those tokens; None without prices.
    """

    documents: int
    there: int
    requests: int
    tokens_in: int
    tokens_out: int
    cost: float | None


def estimate(job: Job, pages: Iterable[Page], ledger: Ledger | None) -> Estimate:
    """Return what asking about all pages would cost.

    Tokens of pages are estimated from bytes (`udfs.tokens`), those of answers at two characters each, since JSON is short of words.
    """
    tokens = counter("estimate")
    fixed = tokens.count(job.prompt.instructions, "en", "general")
    answer = min(len(forms.longest(job.prompt.schema)) // 2, job.sampling.max_tokens)
    documents = tokens_in = 0
    left: set[str] = set()
    for one in pages:
        documents += 1
        name = job.key(one)
        if name not in left and (ledger is None or name not in ledger):
            left.add(name)
            tokens_in += fixed + tokens.count(job.question(one).messages[1]["content"], one.language, "general")
    asked = len(left)
    return Estimate(documents, documents - asked, asked, tokens_in, asked * answer, job.prices.of(tokens_in, asked * answer))
