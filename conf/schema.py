"""The settings of a recipe: the single list of what can be set, with type, range, default, unit, meaning and source."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, field_validator, model_validator

from conf.card import Card
from conf.decontamination import Decontaminate
from conf.quality import Encode, Score
from conf.sections import CLASSES, LLAMA3, OFF, Names, Section, Share, listed, setting
from conf.strata import Languages, Weights
from conf.taxonomy import load as load_taxonomy

StageName = Literal[
    "extract",
    "urls",
    "documents",
    "lines",
    "clean",
    "route",
    "filter",
    "encode",
    "score",
    "decontaminate",
    "knowledge",
    "balance",
    "mix",
    "report",
]

Order = Annotated[tuple[Literal["source", "whole", "newest", "oldest", "longest"], ...], BeforeValidator(listed)]
Protect = Annotated[tuple[Literal["code", "math", "table"], ...], BeforeValidator(listed)]
Segmented = Annotated[tuple[Literal["zh", "ja", "th", "km", "lo", "my", "bo"], ...], BeforeValidator(listed)]
LineRuleNames = Annotated[tuple[Literal["c4", "c4_no_punct", "c4_tfds", "refinedweb"], ...], BeforeValidator(listed)]
NATIONAL_IDS = (
    *("br_cpf", "cn_resident_id", "de_steuer_id", "es_dni", "fr_nir", "in_aadhaar", "it_codice_fiscale", "pl_pesel"),
    *("se_personnummer", "uk_nino", "us_ssn"),
)


def _national_ids(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in NATIONAL_IDS:
            close = difflib.get_close_matches(name, NATIONAL_IDS, n=1, cutoff=0.0)
            raise ValueError(f"unknown national id {name!r}; the closest is {close[0]!r}, all are {', '.join(NATIONAL_IDS)}")
    return names


NationalIds = Annotated[tuple[str, ...], AfterValidator(_national_ids), BeforeValidator(listed)]
Choice = Literal["keep", "drop", "auto"]


class Input(Section):
    """What is read."""

    paths: Names = setting(
        ..., "files, folders, globs, s3:// or https:// addresses, or listings (*.paths, *.paths.gz)", path=True
    )
    format: Literal["warc", "wet", "parquet", "jsonl"] = setting("warc", "what the files are; parquet and jsonl hold texts")
    base: str | None = setting(None, "what the lines of a listing are relative to; null: the listing's own folder", path=True)
    split_bytes: int = setting(256 * 2**20, "a larger WARC is read in ranges of this size", unit="bytes", ge=2**16)


class Output(Section):
    """Where the run is written."""

    path: str = setting("runs", "folder of runs; all workers must reach it", path=True)
    run: str | None = setting(
        None, "name of this run, a folder below the path; null: the recipe's name", pattern=r"^[A-Za-z0-9._-]+$"
    )


class Spark(Section):
    """How Spark is started; a submitted job keeps what spark-submit was given."""

    master: str = setting("local[*,4]", "local[cores,attempts] or spark://host:port; ignored under spark-submit")
    driver_memory: str = setting("2g", "heap of the driver (local mode: of everything); ignored under spark-submit")
    shuffle_partitions: int = setting(8, "partitions of each shuffle; never changes what is written", ge=1)
    conf: dict[str, str] = setting({}, "further Spark properties, as they are")


class Extract(Section):
    """WARC record to text."""

    engine: Literal["woolmill", "resiliparse", "trafilatura"] = setting("woolmill", "what finds the main content")
    comments: Choice = setting("auto", "readers' comments; auto: dropped unless the page consists of them")
    title: Choice = setting("auto", "the page's headline; auto: as the model of main content decides")
    captions: Choice = setting("auto", "captions of pictures")
    bylines: Choice = setting("auto", "lines that name author and date")
    tables: Choice = setting("auto", "data tables")
    alt_texts: bool = setting(True, "keep alternative texts of images that say something", source=f"{LLAMA3} 3.1.1")
    max_body_bytes: int = setting(16 * 2**20, "a body that decodes to more is quarantined", unit="bytes", ge=1024)
    max_depth: int = setting(
        2_000, "a page that nests elements deeper is quarantined by engines that build trees", unit="elements", ge=16
    )
    statuses: tuple[int, ...] = setting((200,), "HTTP statuses of usable captures")
    blocklists: Names = setting(("conf:blocklists",), "files or folders of block lists; conf: names what ships here", path=True)
    categories: Names = setting((), "block list categories that drop; empty: those that are safe to drop")
    optouts: Literal["drop", "mark"] = setting("drop", "what a page's own opt-out from training does")
    rel_canonical: bool = setting(False, "group captures by the page's rel=canonical where it stays on the same host")
    noindex: Literal["drop", "mark"] = setting("mark", "what a page's wish not to be indexed by search engines does")


class Sketch(Section):
    """What documents are compared by; made at extraction."""

    ngram: int = setting(5, "tokens of a shingle", unit="tokens", ge=1, le=64)
    bands: int = setting(20, "bands of the signature; `woolmill dedup --curve` shows what they find", ge=1, le=512)
    rows: int = setting(6, "MinHashes of a band", ge=1, le=64)
    seed: int = setting(1, "seed of the hash family", ge=0)
    family: Literal["multiply-add", "datasketch"] = setting(
        "multiply-add", "hash family; datasketch: the signatures of that library, bit by bit"
    )
    protect: Protect = setting(("code", "math", "table"), "spans whose lines are neither counted nor removed as frequent")


class Documents(Section):
    """Near-duplicate documents."""

    scope: Literal["corpus", "language", "source"] = setting("corpus", "documents are compared within this")
    verify: Literal["signature", "jaccard", "none"] = setting(
        "signature", "what a pair is checked by before one of it goes: signatures, the sets of shingles, or nothing"
    )
    similarity: Share = setting(0.75, "least Jaccard similarity to the kept document, by what verify measures", unit="0-1")
    removal: Literal["greedy", "components"] = setting(
        "greedy", "greedy: only in favour of a similar document that stays; components: all but one of whatever hangs together"
    )
    mode: Literal["remove", "annotate", "keep_k"] = setting(
        "remove", "what becomes of duplicates: dropped, only marked, or dropped beyond the best `keep` of a cluster"
    )
    keep: int = setting(2, "documents of a cluster that stay under mode: keep_k", unit="documents", ge=1)
    order: Order = setting(
        ("source", "whole", "newest", "longest"),
        "who stays, the first difference decides: rank of its source, whole (neither cut nor repaired), newest or oldest, longest; "
        "at last the id",
    )
    source: str = setting(
        r"([^/]*?)(?:[-_.]?\d+)?(?:\.[a-z]+)+$",
        "pattern whose first group is the source of a file, such as its crawl; by default its name without number and ending",
    )
    sources: Names = setting((), "sources by rank, the best first; others come after them")
    max_bucket: int = setting(
        50_000, "a bucket with more members is split by the next band; beyond it no pair with its best member", ge=2
    )
    max_edges: int = setting(10_000_000, "most verified pairs that the driver decides; more are decided in Spark", ge=0)
    rounds: int = setting(8, "rounds of joins before what is left is decided by component", ge=1)
    alarm: Share = setting(0.3, "share removed of a source, above the median of all sources, that raises an alarm", unit="0-1")
    on_alarm: Literal["report", "stop"] = setting("report", "what an alarm does")

    @field_validator("source")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"{value!r} is no pattern: {error}") from error
        if groups != 1:
            raise ValueError(f"{value!r} has {groups} groups; it must have one, which is the source")
        return value


class Lines(Section):
    """Lines that occur too often."""

    bucket_documents: int = setting(30_000_000, "documents of a bucket", unit="documents", source=f"{LLAMA3} 3.1.1", ge=1)
    max_copies: int = setting(6, "a line that occurs more often in a bucket is removed", source=f"{LLAMA3} 3.1.1", ge=1)
    count: Literal["lines", "documents"] = setting("lines", "what is counted: occurrences, or documents that hold the line")
    keep_first: bool = setting(False, "the document with the smallest id keeps its first copy")
    allow: Names = setting((), "text files of lines that are never removed, one a line", path=True)
    samples: int = setting(200, "removed lines that are shown with their counts, by language", ge=0)


class Corpus(Section):
    """What earlier runs have taken, which a new crawl is deduplicated against."""

    path: str | None = setting(None, "folder of a corpus, made by `woolmill corpus add`; null: the run stands alone", path=True)
    prefer: Literal["published", "newest"] = setting(
        "published",
        "published: what the corpus holds stays, new copies go; newest: they compete, and what loses is listed as retracted",
    )


class Clean(Section):
    """Edits of the text, then signals and fastText scores of what is left."""

    repetitive_lines: bool = setting(True, "remove lines of repeated n-grams, such as logs", source=f"{LLAMA3} 3.1.1")
    references: str = setting(
        "model:unigrams",
        "what the KL rules compare with, such as `woolmill references` writes; model: names what ships",
        path=True,
    )
    line_rules: LineRuleNames = setting(
        (),
        "published rules on single lines that edit the text, in this order; refinedweb drops a page that loses over 5 % of words",
        source="Raffel et al. 2020 (C4); Penedo et al. 2023 (RefinedWeb)",
    )
    pii: Annotated[Literal["replace", "off"], OFF] = setting("replace", "what is done to personal data")
    national_ids: NationalIds = setting((), "national identification numbers that count as personal data as well")
    max_pii_per_1000: float = setting(20.0, "a document with more findings a 1000 words is dropped", unit="findings", ge=0.0)
    min_share_left: Share = setting(0.2, "a document that line edits shorten below this share is dropped", unit="0-1")
    min_words_left: int = setting(5, "a document that line edits shorten below this is dropped", unit="words", ge=0)
    quality_model: str = setting("quality", "fastText model of quality: a name, or name@version, of what ships or of the store")
    store: str | None = setting(None, "folder of models of one's own (docs/models.md)", path=True)
    segment: Segmented = setting(
        (), "languages whose words a segmenter finds (zh, ja, th: extras of that name); in the others each code point is one"
    )


class Route(Section):
    """Which class a document belongs to."""

    min_math: Share = setting(0.5, "least mathematics score of a document of class math, which goes before code", unit="0-1")
    min_code: Share = setting(0.4, "least code score of a document of class code", unit="0-1")


class Filter(Section):
    """Rules over signals, by class."""

    rules: dict[str, Names] = setting({name: (name,) for name in CLASSES}, "rule sets of each class, applied in this order")
    languages: Names = setting((), "languages that may stay; empty: all")
    thresholds: dict[str, float] = setting({}, "rule name: another limit than the rule set's")
    languages_from: str | None = setting(
        None, "folder of language files, such as `woolmill languages fit` writes, that win over the shipped ones", path=True
    )
    min_language_score: dict[str, Share] = setting(
        {"general": 0.5, "multilingual": 0.5}, "least confidence of the language, by class", unit="0-1"
    )


class Balance(Section):
    """Knowledge classes of which a crawl has too much."""

    shares: dict[str, Share] = setting(
        {"arts_entertainment": 0.1, "celebrities": 0.02, "shopping": 0.05},
        "largest share of the text that a knowledge class (conf/taxonomy.yaml) may have; one without a share is never cut",
        unit="0-1",
        source=f"{LLAMA3} 3.1.2 says that such classes are downsampled; the figures are ours",
    )
    classes: Names = setting(("general",), "classes of documents that shares are of; the others pass")
    min_probability: Share = setting(0.3, "probability of the knowledge class below which it is unknown", unit="0-1")
    seed: int = setting(1, "seed of who stays", ge=0)

    @model_validator(mode="after")
    def _known(self) -> Balance:
        known = load_taxonomy().ids
        if unknown := sorted(set(self.shares) - set(known)):
            raise ValueError(f"balance.shares names the knowledge class {unknown[0]!r}; there are {', '.join(known)}")
        if unknown := sorted(set(self.classes) - set(CLASSES)):
            raise ValueError(f"balance.classes names the class {unknown[0]!r}; classes are {', '.join(CLASSES)}")
        return self


class Mix(Section):
    """Which documents make the training set, and its shards."""

    shares: dict[str, Share] = setting(
        {"general": 0.5, "math": 0.25, "code": 0.17, "multilingual": 0.08}, "token share of each class", source=f"{LLAMA3} 3.1.2"
    )
    epochs: dict[str, float] = setting(
        {"general": 1.0, "math": 4.0, "code": 4.0, "multilingual": 4.0},
        "most copies of a document, by class",
        source="Muennighoff et al. 2023: up to four epochs are nearly as good as new data",
    )
    languages: Languages = setting(Languages(), "how the tokens of a class are divided among its languages")
    weights: Weights = setting(Weights(), "how often documents of some kinds are taken")
    tokens: int | None = setting(None, "tokens to sample; null: as many as shares and epochs allow", unit="tokens", ge=1)
    shortfall: Literal["fail", "rescale"] = setting(
        "fail", "what a class with too few tokens does: end the run, or spread its share"
    )
    seed: int = setting(1, "seed of sampling and order", ge=0)
    counter: Literal["estimate", "tokenizers", "tiktoken"] = setting("estimate", "how tokens are counted")
    tokenizer: str | None = setting(
        None, "tokenizer.json (tokenizers) or rank file (tiktoken); model:bpe names the small one that ships", path=True
    )
    pattern: str | None = setting(None, "expression that cuts texts before a rank file's merges; null: Llama 3's")
    end_of_text: int | str | None = setting(
        None, "token that ends a document: its id, or its name in a tokenizer.json; null: a usual name that is there"
    )
    vocabulary: int | None = setting(None, "size of the model's vocabulary; null: the largest id and one", unit="tokens", ge=1)
    format: Literal["parquet", "jsonl.zst", "megatron", "mds", "npy"] = setting(
        "parquet", "format of the shards: texts (parquet, jsonl.zst) or sequences of tokens (docs/shards.md)"
    )
    pack: bool = setting(
        False,
        "sequences of one length, best-fit packed, instead of one document each",
        source="Ding et al. 2024 (arXiv 2404.10830)",
    )
    sequence_length: int = setting(8192, "length of packed sequences", unit="tokens", source=f"{LLAMA3} 3.4.1", ge=2, le=2**24)
    window: int = setting(2**25, "packed together; more leaves less padding and takes more memory", unit="tokens", ge=2)
    shard_bytes: int = setting(256 * 2**20, "text in a shard", unit="bytes", ge=1024)

    @model_validator(mode="after")
    def _consistent(self) -> Mix:
        total = sum(self.shares.values())
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"mix.shares add up to {total:g}; they must add up to 1")
        if unknown := sorted(set(self.shares) - set(CLASSES)) or sorted(set(self.epochs) - set(CLASSES)):
            raise ValueError(f"mix names the class {unknown[0]!r}; classes are {', '.join(CLASSES)}")
        if self.counter == "tokenizers" and not self.tokenizer:
            raise ValueError("mix.counter=tokenizers needs mix.tokenizer, the path of a tokenizer.json")
        if self.counter == "tiktoken" and not self.tokenizer:
            raise ValueError("mix.counter=tiktoken needs mix.tokenizer, the path of a rank file")
        if self.tokenised and self.counter == "estimate":
            raise ValueError(f"mix.format={self.format} needs a tokenizer: set mix.counter and mix.tokenizer")
        if self.pack and not self.tokenised:
            raise ValueError(f"mix.pack needs sequences of tokens; with mix.format={self.format} set it to false")
        return self

    @property
    def tokenised(self) -> bool:
        """Whether shards are sequences of tokens rather than texts."""
        return self.format in ("megatron", "mds", "npy")


class Label(Section):
    """An LLM teacher, which `woolmill label ask` has label a sample; no stage reads this."""

    url: str = setting("http://127.0.0.1:8000/v1", "base address of any OpenAI-compatible endpoint")
    model: str | None = setting(None, "the teacher, as the endpoint names it; null: --model says it")
    key_env: str = setting("WOOLMILL_TEACHER_KEY", "environment variable with the endpoint's key", pattern=r"^[A-Za-z_]\w*$")
    prompt: str = setting("quality", "a prompt of conf/prompts, its newest version or quality.v1, or a file NAME.vN.md")
    temperature: float = setting(0.0, "how freely the teacher draws its answer", ge=0.0, le=2.0)
    seed: int = setting(1, "seed that is sent along; with another one all is asked anew", ge=0)
    max_tokens: int = setting(200, "longest answer", unit="tokens", ge=1)
    timeout_s: float = setting(120.0, "longest wait for an answer", unit="s", gt=0.0)
    attempts: int = setting(6, "most attempts at a request that fails in a way that may pass", ge=1, le=20)
    concurrency: int = setting(8, "questions under way at once", ge=1, le=1024)
    per_minute: int | None = setting(None, "most requests a minute; null: as many as concurrency allows", ge=1)
    price_in: float | None = setting(None, "price of a million tokens that are read; null: not known", ge=0.0)
    price_out: float | None = setting(None, "price of a million tokens that are written, in the same currency", ge=0.0)
    ask_above: float = setting(1.0, "a run whose estimated cost is above this wants --yes or a yes", ge=0.0)
    ask_above_requests: int = setting(10_000, "the same by requests, where prices are not known", ge=0)
    budget: float | None = setting(None, "a run ends when its answers have cost this; null: no limit", ge=0.0)
    max_failed: Share = setting(0.02, "share of the questions that may fail for good before a run ends", unit="0-1")
    min_questions: int = setting(50, "questions from which on max_failed counts", ge=1)


class Report(Section):
    """The HTML report."""

    samples: int = setting(8, "documents shown for each reason", ge=0, le=100)


class Recipe(Section):
    """A run, whole."""

    name: str = setting(..., "name of the recipe", pattern=r"^[A-Za-z0-9._-]+$")
    stages: tuple[StageName, ...] = setting(..., "stages in their order; each reads what all before it have left", min_length=1)
    input: Input = setting(..., "what is read")
    output: Output = setting(Output(), "where the run is written")
    spark: Spark = setting(Spark(), "how Spark is started")
    extract: Extract = setting(Extract(), "WARC record to text")
    sketch: Sketch = setting(Sketch(), "what documents are compared by")
    documents: Documents = setting(Documents(), "near-duplicate documents")
    lines: Lines = setting(Lines(), "lines that occur too often")
    corpus: Corpus = setting(Corpus(), "what earlier runs have taken")
    clean: Clean = setting(Clean(), "edits, signals, scores")
    route: Route = setting(Route(), "class of a document")
    filter: Filter = setting(Filter(), "rules over signals")
    encode: Encode = setting(Encode(), "quality by an encoder")
    score: Score = setting(Score(), "which quality is too low")
    decontaminate: Decontaminate = setting(Decontaminate(), "benchmark items in the text")
    balance: Balance = setting(Balance(), "knowledge classes of which a crawl has too much")
    mix: Mix = setting(Mix(), "sampling and shards")
    card: Card = setting(Card(), "what people are told beside the numbers")
    label: Label = setting(Label(), "an LLM teacher")
    report: Report = setting(Report(), "the HTML report")

    @model_validator(mode="after")
    def _comparable(self) -> Recipe:
        if self.corpus.path and self.documents.verify == "jaccard":
            raise ValueError(
                "documents.verify=jaccard needs the texts, which a corpus does not hold; use signature with corpus.path"
            )
        return self

    @property
    def run(self) -> str:
        """Name of the run: ``output.run``, else the recipe's name."""
        return self.output.run or self.name
