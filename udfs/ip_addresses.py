"""Public addresses of the internet in running text, told from version and section numbers, networks and names of product releases."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Final

Before = Callable[[str, int, int], str]
"""Return at most so many characters that stand before a place of a text."""

# Anchored at a dot between digits: a literal first character is searched several times faster than a set of characters.
_SECOND_DOT: Final = re.compile(r"\.(?<=[0-9]\.)(?=[0-9]{1,3}\.[0-9]{1,3}\.[0-9])", re.ASCII)
_QUAD: Final = re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w~+@]|\.\d)", re.ASCII)
_DIGITS_BEFORE: Final = re.compile(r"[0-9]{1,3}\Z")
_REVISION: Final = re.compile(r"-(?:[A-Za-z]|\d{1,2}(?![\d.]))")
_RANGE_START: Final = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}-\Z", re.ASCII)


def _words(patterns: str) -> str:
    """Join patterns of words that are listed with blanks between them; a dot stands for a blank."""
    return "|".join(patterns.split())


_VERSION_WORDS: Final = r"""
v ver vers rev r versions? versión versione versão versió versie verzió verze verzia wersj[aięe] sürüm\w{0,4} versiun\w{1,3} έκδοση\w?
версі\w{1,2} верси\w{1,2} phiên.bản releases? upgrad\w{1,3} downgrad\w{1,3} updat\w{1,3} migrat\w{1,4} patch build firmware driver
kernel player oid standards-version chrome firefox java flash openssl plugin package paket paquete paquet pacote пакет
"""
_SECTION_WORDS: Final = r"""
sec sect sections? secció sección seccion sezione seção secțiune\w{0,2} chapters? chapitre cap[ií]tulo capitolo capítol capitol\w{0,3}
abschnitte?s? kapitels? kapittel kapitoly? hoofdstuk paragra\w{2,5} rozdzia\w{1,3} sekcj\w odd[ií]l\w? podkapitol\w avsnitt afsnit
fejezet\w{0,4} szakasz bölüm\w{0,3} kısım arts? articles? artikel artículo articolo artigo art[iy]kuł figures? figura abbildung tables?
tabelle tabla tableau appendix annexe?s? anhang clauses? items? rules? steps? phần mục chương ενότητα\w? κεφάλαιο τμήμα παράγραφο\w?
раздел\w? глав[аыеу] стать\w{1,3} пункта? параграф\w? розділу? stk pkt
"""
_VERSION_CUE: Final = re.compile(
    rf"\b(?:{_words(_VERSION_WORDS)})\b|[版판]|バージョン|버전|الإصدار|نسخه|גרסה|संस्करण|កំណែ|รุ่น|เวอร์ชัน", re.IGNORECASE
)
_SECTION_CUE: Final = re.compile(
    rf"\b(?:{_words(_SECTION_WORDS)})\b|[§¶节節章条條項款第篇절장항]|セクション|القسم|الفصل|المادة|بخش|فصل|פרק|סעיף|अध्याय|अनुभाग|ជំពូក|บทที่",
    re.IGNORECASE,
)
_SECTION_TAIL: Final = re.compile(r"\s?[절장항조节節章条條項版篇]|\s'?(?:(?:de|da|inci|nci)\s)?(?:bölüm|sürüm)")
_ADDRESS_WORDS: Final = r"""
ips? ipv4 addr address addresses adresse adresa adresy dirección direccion indirizzo endereço endereco adreça adresi? alamat địa.chỉ
адрес\w{0,2} διεύθυνση hosts? hôte servers? servidor serveur server[ae] сервер\w{0,2} nameserver dns resolvers? ntp inet ping gateway
passerelle router routeur proxy клиент\w? clients? remote peers? src dst connect\w{0,5} ssh telnet traceroute whois nslookup dig curl
rhost listen bind bound forwarded(?:[-_]for)? allow deny require.ip login blocked ban(?:ned)?
"""
_ADDRESS_CUE: Final = re.compile(
    rf"(?:\b|_)(?:{_words(_ADDRESS_WORDS)})(?:\b|_)|地址|位址|主机|主機|伺服器|服务器|来自|サーバ|アドレス|ホスト|주소|서버|호스트|العنوان|عنوان|خادم|سرور"
    r"|כתובת|שרת|पता|सर्वर|ที่อยู่|@\Z|\w\[\Z|\w\.[A-Za-z]{2,24}\s?[(\[]\Z|\[error\]\s\Z",
    re.IGNORECASE,
)
# Versions come *from* somewhere as well.
_WEAK_CUE: Final = re.compile(r"\b(?:from|von|desde|depuis|vanaf|från|fra|от|з)\b|来自|から|에서", re.IGNORECASE)
_ADDRESS_TAIL: Final = re.compile(r":\d{2,5}\b|/(?:[89]|[12]\d|3[0-2])\b(?!/)|,? port \d|\]?\s-\s\S{1,32}\s\[\d| > |\]:")
_PRODUCT: Final = re.compile(r"(?:\A|[^\w.])([A-Z]\w{1,30})[ /]\Z")
_PLAIN: Final = "ed ing from to by at in is on for of via port ip the and or if"
_NO_PRODUCT: Final = tuple(_PLAIN.split())
_NETWORK_TAIL: Final = re.compile(r"/(\d{1,3})\b")
_LOW: Final = 32
_SMALL: Final = 100

# All of 2000::/3, the space that is assigned, starts with four digits of which the first is 2 or 3.
_FIRST_COLON: Final = re.compile(r":(?<=[23][0-9A-Fa-f]{3}:)(?<![\w:.][23][0-9A-Fa-f]{3}:)(?=[0-9A-Fa-f]{0,4}:)", re.ASCII)
_GROUPS: Final = re.compile(r"[23][0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])", re.ASCII)
_WINDOW: Final = 32
_NEAR: Final = 16


def ipv4s(text: str, before: Before) -> Iterator[tuple[int, int]]:
    """Yield the public IPv4 addresses of a text.

    Parameters
    ----------
    text : str
        Any string.
    before : callable
        What stands before a place, see `Before`; it decides how far back words count.

    Yields
    ------
    (int, int)
        Start and end of four numbers that are a global unicast address and are written as one: no word for *version* and no name of
        a product stands right before them, no revision (``-1``, ``+dfsg``) follows, and they are no network (``8.8.8.0/24``). Four
        numbers below 100 are a version or a section far more often than an address: they need a word, a port or a prefix that says
        address, and no later word that says otherwise, in any of some thirty languages.
    """
    for dot in _SECOND_DOT.finditer(text):
        first = _DIGITS_BEFORE.search(text, max(0, dot.start() - 3), dot.start())
        quad = _QUAD.match(text, first.start()) if first else None
        if quad and _is_public(quad[0]) and _is_address(text, quad.start(), quad.end(), before(text, quad.start(), _WINDOW)):
            yield quad.span()


def _is_address(text: str, start: int, end: int, before: str) -> bool:
    numbers = [int(part) for part in text[start:end].split(".")]
    if numbers[2:] == [0, 0] or _REVISION.match(text, end) or _is_network(text, start, end):
        return False
    if before.endswith("-") and not _RANGE_START.search(before):
        return False
    product = _PRODUCT.search(before)
    named = product is not None and not product[1].lower().endswith(_NO_PRODUCT) and not _ADDRESS_CUE.search(product[1])
    if max(numbers) < _SMALL:
        heading = (start == 0 or text[start - 1] == "\n") and text[end : end + 2] == ". "
        return not heading and not named and not _SECTION_TAIL.match(text, end) and _says_address(text, end, before)
    if _last(_VERSION_CUE, before[-_NEAR:]) > _last(_ADDRESS_CUE, before[-_NEAR:]):
        return False
    return not (named and (numbers[0] < _LOW or before.endswith("/")))


def _says_address(text: str, end: int, before: str) -> bool:
    """Whether a word or what follows says that four small numbers are an address, and no later word says version or section."""
    cue = _last(_ADDRESS_CUE, before)
    other = max(_last(_VERSION_CUE, before), _last(_SECTION_CUE, before))
    if other >= 0 and other >= cue:
        return False
    return cue >= 0 or _WEAK_CUE.search(before) is not None or _ADDRESS_TAIL.match(text, end) is not None


def _last(cue: re.Pattern[str], before: str) -> int:
    """Return where the last match of a cue starts; -1 where there is none."""
    return max((match.start() for match in cue.finditer(before)), default=-1)


def _is_network(text: str, start: int, end: int) -> bool:
    """Whether a prefix length follows and the address is that of the network itself, which is nobody's."""
    prefix = _NETWORK_TAIL.match(text, end)
    if prefix is None:
        return False
    address = ipaddress.ip_address(text[start:end])
    host_bits = address.max_prefixlen - int(prefix[1])
    return host_bits >= address.max_prefixlen // 4 and int(address) % (1 << host_bits) == 0


def ipv6s(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of the public IPv6 addresses of a text; prefixes, which end in ``::``, and networks are none."""
    if "::" not in text and text.count(":") < 7:
        return
    for colon in _FIRST_COLON.finditer(text):
        groups = _GROUPS.match(text, colon.start() - 4)
        if groups is None:
            continue
        start, end = groups.span()
        if text[end - 1] == ":" and text[end - 2] != ":":
            end -= 1
        if text[end - 1] != ":" and _is_public(text[start:end]) and not _is_network(text, start, end):
            yield start, end


def _is_public(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast
