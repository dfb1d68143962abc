"""Personal data and secrets: definitions and redaction."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs.pii import NATIONAL_IDS, PLACEHOLDERS, find, redact, region_of
from udfs.spans import Kind, Span

B64 = "MIIEpAIBAAKCAQEA7bq0cJ2y1y0sVZxkq3vJ5m9N4uQw8eR2tY6uI0oP"
PARTS = [
    "jo@mail.example.com",
    "+1 202 555 0194",
    "(212) 555-0140",
    "tel 0171 3920036",
    "151.101.1.69",
    "2620:fe::fe",
    "NL43INGB1251278003",
    "4111 1111 1111 1111",
    "visa 4111111111111111",
    "jo [at] example [dot] com",
    "SSN 078-05-1120",
    "12345678Z",
    "+49 (0)30 23125 118",
    "151.101.1.69-",
    "AKIAFMC4IF6EDJ7I736S",
    'password = "hunterQ9x"',
    "-----BEGIN RSA PRIVATE KEY-----",
    *PLACEHOLDERS.values(),
    *" .,:;-+/()'\"\n@0",
    "00",
    "44",
    "555",
    "version",
    "card",
    "Phone",
    "ab",
    "日",
    "\ud800",
    "\x00",
]


def labelled(text: str, region: str | None = None) -> list[tuple[str, str]]:
    """Return what is found as pairs of type and text."""
    return [(label, text[start:end]) for start, end, label in find(text, region)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a", []),
        ("@", []),
        ("write to Jo.O'Neil+x@mail.example.com.", [("email", "Jo.O'Neil+x@mail.example.com")]),
        ("请写信给jo@example.com，谢谢", [("email", "jo@example.com")]),
        ("jo@example.com.Please call", [("email", "jo@example.com")]),
        ("'jo@example.com'", [("email", "jo@example.com")]),
        ("a" * 65 + "@example.com", []),
        ("git@github.com:a/b webmaster@example.com logo@2x.png logo@2x.mov pip@1.2.3 f@g.T", []),
        ("ftp://jo@example.com/ and ssh://jo@host.example.com", []),
        ("Message-ID: <12.34@mail.example.com>\nReferences: <a@b.example.com>\n <c@d.example.com>", []),
        ("Message-ID: <1@mail.example.com>\nFrom: Jo <jo@example.com>", [("email", "jo@example.com")]),
        ("From: Jo <jo@example.com>", [("email", "jo@example.com")]),
        (
            "info@müller.de, hélène@courrier.example и анна@почта.рф",
            [("email", "hélène@courrier.example"), ("email", "анна@почта.рф")],
        ),
        ("#wool@irc.libera.chat 1c$f7$7f00000a@mail.example.com HTTP/www@EXAMPLE.COM", []),
        ("ssh -p 22 jo@host.example.com or jo@host.example.com:/srv or https://jo:pw@host.example.com/", []),
        ("a list-request@example.com <87zg1fk2ab.fsf@mail.example.org> 12345678@qq.com", [("email", "12345678@qq.com")]),
        (
            "jo [at] host [dot] example [dot] org, jo(at)example.com",
            [
                ("email_obfuscated", "jo [at] host [dot] example [dot] org"),
                ("email_obfuscated", "jo(at)example.com"),
            ],
        ),
        ("f[at] x [at] y", []),
        ("from 151.101.1.69.", [("ipv4_public", "151.101.1.69")]),
        ("http://151.101.1.69:8080/", [("ipv4_public", "151.101.1.69")]),
        ("10.0.0.1 192.168.1.1 127.0.0.1 192.0.2.1 255.255.255.0 224.0.0.5 100.64.0.1", []),
        ("1.2.3.45678 1.2.3.4.5 v1.2.3.4 lib-1.2.3.4 1.2.3.4-beta 1.2.3.4rc1 01.2.3.4 256.1.1.1", []),
        ("version 5.16.16.25, § 12.3.4.5 and Kapitel 6.2.4.3", []),
        ("12.6.2.1. Make\n12.6.2.2. Install", []),
        ("151.101.1.69-151.101.1.80", [("ipv4_public", "151.101.1.69"), ("ipv4_public", "151.101.1.80")]),
        ("IP地址8.8.8.8和8.8.4.0/24", [("ipv4_public", "8.8.8.8")]),
        ("8.8.8.0/24 151.101.0.0/16 host 138.0.0.0 2000::/3 2a00:1450::/32 2001:4860::", []),
        (
            "Chrome/120.0.0.0 Adobe Flash 11.2.202.235 Chrome 5.0.75.199 openjdk-17 (17.0.21.1+2-1) x (4.6.2.0) eximdoc4 (4.93.0.3-1)",
            [],
        ),
        (
            "6.3.1.1절 (6.3.1.1 절) 第 6.3.1.1 节 6.3.1.1節 バージョン 2.0.48.1 раздел 6.3.1.1 Abschnitt 6.3.1.1 server 2.4.6.1 sürüm",
            [],
        ),
        ("5.6.7.8 - - [21/Jan/2026:18:58:27 +0000] 5.6.7.9:8080", [("ipv4_public", "5.6.7.8"), ("ipv4_public", "5.6.7.9")]),
        ("peer 2620:fe::fe, 2620:fe::fe: up", [("ipv6_public", "2620:fe::fe"), ("ipv6_public", "2620:fe::fe")]),
        ("2001:db8::1 fe80::1 ::1 a::b::c std::vector 12:30:45 00:1a:23:57:b1:7b 2024:01:02", []),
        ("+49 30 23125 227", [("phone", "+49 30 23125 227")]),
        ("0049 30 23125 227", [("phone", "0049 30 23125 227")]),
        ("(212) 555-0140 or 212-555-0140", [("phone", "(212) 555-0140")]),
        ("Tel. 212-555-0140, fax: 0171 3920036", [("phone", "212-555-0140"), ("phone", "0171 3920036")]),
        ("тел. 8 (495) 123-45-67", [("phone", "8 (495) 123-45-67")]),
        ("call +1 202 555 0194 2024-01-01", [("phone", "+1 202 555 0194")]),
        ("電話：03-5550-9020、전화 02-312-3456", [("phone", "03-5550-9020"), ("phone", "02-312-3456")]),
        ("Tél. : 01 99 00 12 34", [("phone", "01 99 00 12 34")]),
        ("+49 (0)30 23125 118, toll free 1-800-555-0199", [("phone", "+49 (0)30 23125 118"), ("phone", "1-800-555-0199")]),
        ("x + 381702613848 x, y +381702613848*z, 0049301234567, CEP 01310-100, ISBN 0 306 40615 2", []),
        ("00 33 1 99 00 12 34", [("phone", "00 33 1 99 00 12 34")]),
        ("phone=2125550145, tel:+15551234567", [("phone", "2125550145"), ("phone", "+15551234567")]),
        ("00 10 20 30 40 50 60 70 80", []),
        ("ISBN 978-2-359-36285-0, (1998) 2001-2004, 3.1415926535 8979323846, x + 123456789012", []),
        ("2010-12-20 11:09:34.234831 doi:10.9290/j.cell.2014.07.090", []),
        ("NL43INGB1251278003.", [("iban", "NL43INGB1251278003")]),
        ("FR45 7912 7599 6686 0626 2046 961 AND", [("iban", "FR45 7912 7599 6686 0626 2046 961")]),
        ("NL44INGB1251278003 XX43INGB1251278003 NL43INGB12512780031", []),
        ("4111 1111 1111 1111", [("card", "4111 1111 1111 1111")]),
        ("3745 708706 49522", [("card", "3745 708706 49522")]),
        ("order 4111111111111111 shipped, row 4111 1111 1111 1111 4222 9000", []),
        ("Visa 4111111111111111", [("card", "4111111111111111")]),
        ("4111111111111111 CVV 123", [("card", "4111111111111111")]),
        ("card 4111111111111112, card 1111111111111117", []),
        ("AKIAFMC4IF6EDJ7I736S AKIAIOSFODNN7EXAMPLE", [("secret:aws_key", "AKIAFMC4IF6EDJ7I736S")]),
        ("x='ghp_n78Bxh2UGzg200x10PbQI4hdk3wjXQ5H4vvv'", [("secret:github_token", "ghp_n78Bxh2UGzg200x10PbQI4hdk3wjXQ5H4vvv")]),
        ('password = "hunterQ9x"', [("secret:password_assignment", "hunterQ9x")]),
        ('password = "password" token=${TOKEN} secret: "<your secret>" pwd="Example123" token = get("Abcdefgh1")', []),
    ],
)
def test_definitions(text: str, expected: list[tuple[str, str]]) -> None:
    """Each type by its definition: what counts, exactly as far as it reaches, and what only looks like it."""
    assert labelled(text) == expected


def test_private_keys_whole_cut_and_empty() -> None:
    """A key goes with its lines, with or without its end, and the text around it stays."""
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    whole = f"{begin}\n{B64}\n{B64}\n{end}"
    cut = f"{begin}\n{B64}\n{B64}"
    assert redact(f"a\n{whole}\nb")[0] == "a\n<SECRET>\nb"
    assert redact(f"a\n{cut}\nAnd so on")[0] == "a\n<SECRET>\nAnd so on"
    assert redact("-----BEGIN PUBLIC KEY-----")[2] == {}
    assert redact(f"{begin} {begin} {end}") == ("<SECRET> <SECRET>", (), {"secret": 2})


def test_national_numbers_need_a_region_or_a_form() -> None:
    """A national number counts after a cue where its region knows it."""
    assert labelled("Tel. 91 123 45 67") == []
    assert labelled("Tel. 91 123 45 67", "ES") == [("phone", "91 123 45 67")]


def test_redaction_counts_by_type_and_moves_spans() -> None:
    """Placeholders are typed, counts are in a fixed order, spans keep what they cover."""
    text = "ip 151.101.1.69, mail jo@example.com: print(1)"
    span = Span(text.index("print"), len(text), "code")
    after, spans, counts = redact(text, [span])
    assert after == "ip <IPV4>, mail <EMAIL>: print(1)"
    assert [after[s.start : s.end] for s in spans] == ["print(1)"]
    assert list(counts.items()) == [("email", 1), ("ipv4_public", 1)]


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("math", "jo@example.com 151.101.1.69 +1 202 555 0194 AKIAFMC4IF6EDJ7I736S"),
        ("code", "<EMAIL> 151.101.1.69 +1 202 555 0194 <SECRET>"),
        ("table", "<EMAIL> <IPV4> <PHONE> <SECRET>"),
    ],
)
def test_what_is_not_prose(kind: Kind, after: str) -> None:
    """Mathematics is never edited, code only where it holds mail addresses and secrets, tables as prose."""
    text = "jo@example.com 151.101.1.69 +1 202 555 0194 AKIAFMC4IF6EDJ7I736S"
    assert redact(text, [Span(0, len(text), kind)])[0] == after
    assert redact(text, [Span(2, 3, "math")])[0].startswith("jo@example.com <IPV4>")


@given(st.lists(st.sampled_from(PARTS), max_size=25).map("".join))
@example("+1 202 555 0194 555-012-3456")
@example("Phone 4111 1111 1111 1111 030 1234567")
@example("card jo@example.com jo@example.com 4111111111111111")
@settings(max_examples=300)
def test_redaction_is_idempotent(text: str) -> None:
    """Redacted text holds nothing more to redact, whatever stood side by side."""
    after, _, counts = redact(text, ids=frozenset(NATIONAL_IDS))
    assert find(after, ids=frozenset(NATIONAL_IDS)) == []
    assert redact(after, ids=frozenset(NATIONAL_IDS)) == (after, (), {})
    assert sum(after.count(one) - text.count(one) for one in set(PLACEHOLDERS.values())) <= sum(counts.values())


@given(st.lists(st.sampled_from(PARTS), max_size=25).map("".join) | st.text())
def test_findings_are_sorted_and_apart(text: str) -> None:
    """Findings of any text are inside it, sorted, and never overlap."""
    found = find(text)
    ends = [0, *(end for _, end, _ in found)]
    assert all(previous <= start < end <= len(text) for previous, (start, end, _) in zip(ends, found, strict=False))


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Secțiune 6.3.1.1 din manual", 0),
        ("SQLite 3.6.23.1 was released", 0),
        ("since kernel 2.6.22.16", 0),
        ("the DNS server 8.8.8.8 answers", 1),
        ("connect to 1.1.1.1:443 first", 1),
        ("blocked 185.220.101.7 at noon", 1),
    ],
)
def test_small_dotted_numbers_need_a_cue(text, addresses):
    """Version and section numbers look like addresses; four numbers below 100 count only where something says address."""
    assert [kind for *_, kind in find(text)] == ["ipv4_public"] * addresses


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://firma.example.de/a", "DE"),
        ("https://shop.example.co.uk/", "GB"),
        ("https://example.io/", None),
        ("https://example.com/", None),
        ("", None),
        ("no url", None),
    ],
)
def test_the_region_is_that_of_the_top_level_domain(url: str, region: str | None) -> None:
    """Country codes that everybody buys say nothing."""
    assert region_of(url) == region
    assert labelled("Tel. 91 123 45 67", region_of("https://example.es/")) == [("phone", "91 123 45 67")]
