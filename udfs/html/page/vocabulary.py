"""Names of tags, kinds of ancestors, words of class names, and how a word becomes a number.

The scanner, the features and the renderer speak of tags by their `Tag` number, of ancestors by `Kind` bits, of words in
``class``, ``id`` and ``role`` by `Meaning` bits, and of every word by a hash of 32 bits.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

FNV_OFFSET: Final = 0xCBF29CE484222325
FNV_PRIME: Final = 0x100000001B3
_MASK: Final = 0xFFFFFFFFFFFFFFFF

NAME_SALT: Final = b"n"
"""Before a word of a class, id, role or itemprop."""
WHOLE_SALT: Final = b"w"
"""Before a whole class, id, role or itemprop."""

CUSTOM: Final = 160
"""First number of the unknown names with a hyphen; each page deals them out anew, in the order of the page."""
LAST_CUSTOM: Final = 254
"""Last one; names after that are not seen as elements."""


def fnv1a(data: bytes) -> int:
    """64-bit FNV-1a hash of bytes (Fowler, Noll, Vo)."""
    state = FNV_OFFSET
    for byte in data:
        state = ((state ^ byte) * FNV_PRIME) & _MASK
    return state


def fold(state: int) -> int:
    """Fold a 64-bit hash to 32 bits by exclusive or."""
    return (state ^ (state >> 32)) & 0xFFFFFFFF


def _lower(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").lower()


def word_hash(word: str) -> int:
    """Hash of a word of the text, as in ``PageTables.words``; only ASCII letters are lower-cased."""
    return fold(fnv1a(_lower(word)))


def name_hash(word: str) -> int:
    """Hash of one word of a class name, as in ``PageTables.names``: ``name_hash("post")`` for ``class="blogPost"``."""
    return fold(fnv1a(NAME_SALT + _lower(word)))


def whole_hash(name: str) -> int:
    """Hash of a whole class name, as in ``PageTables.names``: ``whole_hash("blogPost")``."""
    return fold(fnv1a(WHOLE_SALT + _lower(name)))


Tag = IntEnum(
    "Tag",
    # Without text of their own, and the page's frame.
    "NONE ROOT HTML HEAD BODY TITLE META LINK BASE BASEFONT BGSOUND SCRIPT STYLE NOSCRIPT NOFRAMES NOEMBED TEMPLATE FRAMESET FRAME "
    # Inline: no boundary of a block.
    "A ABBR ACRONYM B BDI BDO BIG CITE CODE DATA DEL DFN EM FONT I IMG INS KBD LABEL MARK METER NOBR OUTPUT PICTURE PROGRESS "
    "Q RB RP RT RTC RUBY S SAMP SMALL SOURCE SPAN STRIKE STRONG SUB SUP TIME TRACK TT U VAR WBR BR "
    # Embedded and forms.
    "SVG MATH IFRAME OBJECT EMBED PARAM AUDIO VIDEO CANVAS MAP AREA APPLET SELECT OPTION OPTGROUP DATALIST TEXTAREA INPUT "
    "BUTTON KEYGEN IMAGE "
    # Block-level.
    "ADDRESS ARTICLE ASIDE BLOCKQUOTE CENTER DETAILS DIALOG DIR DIV DL DT DD FIELDSET FIGCAPTION FIGURE FOOTER FORM "
    "H1 H2 H3 H4 H5 H6 HEADER HGROUP HR LEGEND LI LISTING MAIN MARQUEE MENU MENUITEM NAV OL P PLAINTEXT PRE SEARCH SECTION "
    "SUMMARY TABLE CAPTION COLGROUP COL TBODY THEAD TFOOT TR TD TH UL XMP FOREIGNOBJECT "
    # Of MathJax 3; an underscore stands for the hyphen.
    "MJX_CONTAINER",
    start=0,
)
"""Number of a tag name: ``Tag.DIV``. ``NONE`` is an unknown name without a hyphen, ``ROOT`` the page itself."""

INLINE: Final = frozenset(Tag(number) for number in range(Tag.A, Tag.BR))
"""Elements that begin and end no block."""
VOID: Final = frozenset((
    Tag.AREA, Tag.BASE, Tag.BASEFONT, Tag.BGSOUND, Tag.BR, Tag.COL, Tag.EMBED, Tag.FRAME, Tag.HR, Tag.IMG, Tag.IMAGE,
    Tag.INPUT, Tag.KEYGEN, Tag.LINK, Tag.META, Tag.PARAM, Tag.SOURCE, Tag.TRACK, Tag.WBR,
))  # fmt: skip
"""Elements without an end tag."""
HEADINGS: Final = frozenset((Tag.H1, Tag.H2, Tag.H3, Tag.H4, Tag.H5, Tag.H6))


class Kind(IntFlag):
    """Kinds of ancestors, the element itself included; first column of ``PageTables.bits``."""

    NAV = 1 << 0
    ASIDE = 1 << 1
    FOOTER = 1 << 2
    HEADER = 1 << 3
    ARTICLE = 1 << 4
    MAIN = 1 << 5
    FORM = 1 << 6
    FIGURE = 1 << 7
    FIGCAPTION = 1 << 8
    TABLE = 1 << 9
    TD = 1 << 10
    UL = 1 << 11
    OL = 1 << 12
    LI = 1 << 13
    DL = 1 << 14
    DD = 1 << 15
    DT = 1 << 16
    BLOCKQUOTE = 1 << 17
    SECTION = 1 << 18
    DETAILS = 1 << 19
    SUMMARY = 1 << 20
    HEADING = 1 << 21
    P = 1 << 22
    ADDRESS = 1 << 23
    TH = 1 << 24
    CAPTION = 1 << 25
    DIALOG = 1 << 26
    FIELDSET = 1 << 27
    ROLE_NAVIGATION = 1 << 32
    ROLE_BANNER = 1 << 33
    ROLE_CONTENTINFO = 1 << 34
    ROLE_COMPLEMENTARY = 1 << 35
    ROLE_MAIN = 1 << 36
    ROLE_DIALOG = 1 << 37
    ROLE_SEARCH = 1 << 38
    ROLE_ARTICLE = 1 << 39
    ROLE_LIST = 1 << 40
    ITEMTYPE = 1 << 44
    """Has ``itemtype``, whatever it is."""
    PROP_BODY = 1 << 45
    PROP_TEXT = 1 << 46
    PROP_DESCRIPTION = 1 << 47
    PROP_COMMENT = 1 << 48
    PROP_HEADLINE = 1 << 49
    PROP_AUTHOR = 1 << 50
    PROP_DATE = 1 << 51
    PROP_OFFER = 1 << 52


KIND_OF_TAG: Final = {
    Tag.NAV: Kind.NAV, Tag.ASIDE: Kind.ASIDE, Tag.FOOTER: Kind.FOOTER, Tag.HEADER: Kind.HEADER, Tag.ARTICLE: Kind.ARTICLE,
    Tag.MAIN: Kind.MAIN, Tag.FORM: Kind.FORM, Tag.FIGURE: Kind.FIGURE, Tag.FIGCAPTION: Kind.FIGCAPTION,
    Tag.TABLE: Kind.TABLE, Tag.TD: Kind.TD, Tag.TH: Kind.TD | Kind.TH, Tag.CAPTION: Kind.CAPTION, Tag.UL: Kind.UL,
    Tag.MENU: Kind.UL, Tag.DIR: Kind.UL, Tag.OL: Kind.OL, Tag.LI: Kind.LI, Tag.DL: Kind.DL, Tag.DD: Kind.DD, Tag.DT: Kind.DT,
    Tag.BLOCKQUOTE: Kind.BLOCKQUOTE, Tag.SECTION: Kind.SECTION, Tag.DETAILS: Kind.DETAILS, Tag.SUMMARY: Kind.SUMMARY,
    Tag.H1: Kind.HEADING, Tag.H2: Kind.HEADING, Tag.H3: Kind.HEADING, Tag.H4: Kind.HEADING, Tag.H5: Kind.HEADING,
    Tag.H6: Kind.HEADING, Tag.P: Kind.P, Tag.ADDRESS: Kind.ADDRESS, Tag.DIALOG: Kind.DIALOG, Tag.FIELDSET: Kind.FIELDSET,
    Tag.SEARCH: Kind.ROLE_SEARCH,
}  # fmt: skip
"""Bits that an element has by its name."""

KIND_OF_ROLE: Final = {
    "navigation": Kind.ROLE_NAVIGATION, "menu": Kind.ROLE_NAVIGATION, "menubar": Kind.ROLE_NAVIGATION,
    "banner": Kind.ROLE_BANNER, "contentinfo": Kind.ROLE_CONTENTINFO, "complementary": Kind.ROLE_COMPLEMENTARY,
    "main": Kind.ROLE_MAIN, "dialog": Kind.ROLE_DIALOG, "alertdialog": Kind.ROLE_DIALOG, "search": Kind.ROLE_SEARCH,
    "article": Kind.ROLE_ARTICLE, "list": Kind.ROLE_LIST, "listbox": Kind.ROLE_LIST,
}  # fmt: skip
"""Bits of an element by a word of its ``role`` (lower case)."""

KIND_OF_PROPERTY: Final = {
    "articlebody": Kind.PROP_BODY, "reviewbody": Kind.PROP_BODY, "recipeinstructions": Kind.PROP_BODY,
    "text": Kind.PROP_TEXT, "description": Kind.PROP_DESCRIPTION, "commenttext": Kind.PROP_COMMENT,
    "comment": Kind.PROP_COMMENT, "headline": Kind.PROP_HEADLINE, "name": Kind.PROP_HEADLINE, "author": Kind.PROP_AUTHOR,
    "creator": Kind.PROP_AUTHOR, "publisher": Kind.PROP_AUTHOR, "datepublished": Kind.PROP_DATE,
    "datemodified": Kind.PROP_DATE, "datecreated": Kind.PROP_DATE, "offers": Kind.PROP_OFFER, "price": Kind.PROP_OFFER,
}  # fmt: skip
"""Bits of an element by a word of its ``itemprop`` (lower case)."""

Meaning = IntFlag(
    "Meaning",
    "NAVIGATION MENU SIDEBAR FOOTER HEADER RELATED SOCIAL SHARE COMMENT META BYLINE AUTHOR DATE TAG BREADCRUMB AD "
    "PROMO SPONSOR NEWSLETTER SUBSCRIBE CONSENT MODAL CARD GRID ITEM TEASER LIST PRODUCT PRICE ARTICLE CONTENT BODY "
    "TEXT POST STORY MAIN FORUM MESSAGE CAPTION CREDIT WIDGET TOC PAGINATION SEARCH LOGIN HIDDEN TITLE IMAGE VIDEO "
    "REVIEW SKIP CODE REFERENCE WIKI QUOTE LEAD MAP EVENT TABS COUNT LANGUAGE",
)
"""Bits of the second column of ``PageTables.bits``: ``Meaning.SIDEBAR``. Append only: models know them by their place."""

MEANINGS: Final = {
    Meaning.NAVIGATION: "nav navi navigation navbar topnav subnav mainnav navigate globalnav",
    Meaning.MENU: "menu menus submenu mainmenu megamenu dropdown offcanvas drawer hamburger",
    Meaning.SIDEBAR: "sidebar side rail aside leftcol rightcol secondary sidecolumn",
    Meaning.FOOTER: "footer foot bottom footers siteinfo colophon",
    Meaning.HEADER: "header head masthead top banner topbar hero",
    Meaning.RELATED: "related recommend recommended recommendation recommendations similar more readmore outbrain taboola "
    "yarpp linkwithin jp also popular trending latest mostread",
    Meaning.SOCIAL: "social facebook twitter linkedin pinterest instagram whatsapp reddit tumblr google plus follow",
    Meaning.SHARE: "share sharing shares sharedaddy addthis addtoany sharebar bookmark",
    Meaning.COMMENT: "comment comments commentlist disqus respond replies discussion kommentar kommentare commenter",
    Meaning.META: "meta metadata info details",
    Meaning.BYLINE: "byline bylines dateline submitted posted",
    Meaning.AUTHOR: "author authors bio vcard avatar contributor profile autor",
    Meaning.DATE: "date time timestamp published updated datum",
    Meaning.TAG: "tag tags category categories cat topics topic keywords label labels taglist",
    Meaning.BREADCRUMB: "breadcrumb breadcrumbs crumb crumbs",
    Meaning.AD: "ad ads advert advertisement advertising adsense adbox sponsored dfp gpt banner anzeige werbung",
    Meaning.PROMO: "promo promos promotion promoted cta offer deal callout",
    Meaning.SPONSOR: "sponsor sponsors partner partners affiliate affiliates",
    Meaning.NEWSLETTER: "newsletter newsletters mailchimp email mailing mc",
    Meaning.SUBSCRIBE: "subscribe subscription subscriptions paywall premium register signup optin abo",
    Meaning.CONSENT: "cookie cookies consent gdpr cc privacy",
    Meaning.MODAL: "modal modals popup popups overlay lightbox dialog tooltip toast popover",
    Meaning.CARD: "card cards tile tiles",
    Meaning.GRID: "grid row rows col cols column columns",
    Meaning.ITEM: "item items entry element",
    Meaning.TEASER: "teaser teasers excerpt preview snippet summary thumb thumbnail",
    Meaning.LIST: "list lists listing listings feed archive results result",
    Meaning.PRODUCT: "product products shop woocommerce sku cart basket",
    Meaning.PRICE: "price prices pricing amount",
    Meaning.ARTICLE: "article articles artikel hentry articlebody",
    Meaning.CONTENT: "content contents entrycontent maincontent inhalt",
    Meaning.BODY: "body bodytext copy richtext rte markdown wysiwyg prose formatted",
    Meaning.TEXT: "text txt paragraph",
    Meaning.POST: "post posts blogpost blog postbody",
    Meaning.STORY: "story stories news",
    Meaning.MAIN: "main primary page",
    Meaning.FORUM: "forum forums topic board bbs phpbb vbulletin thread threads",
    Meaning.MESSAGE: "message messages msg reply replies answer answers question questions postbody",
    Meaning.CAPTION: "caption captions figcaption legend wp",
    Meaning.CREDIT: "credit credits copyright source attribution photographer",
    Meaning.WIDGET: "widget widgets module block gadget",
    Meaning.TOC: "toc tableofcontents contents index",
    Meaning.PAGINATION: "pagination pager paging paginate pages prev previous next older newer pagenav",
    Meaning.SEARCH: "search searchform searchbox suche",
    Meaning.LOGIN: "login signin account user logout password",
    Meaning.HIDDEN: "hidden hide invisible collapse collapsed",
    Meaning.TITLE: "title headline heading subtitle titel",
    Meaning.IMAGE: "image images img photo photos picture gallery media figure slideshow carousel slider swiper",
    Meaning.VIDEO: "video videos player youtube audio podcast",
    Meaning.REVIEW: "review reviews rating ratings stars testimonial testimonials",
    Meaning.SKIP: "skip print noprint toolbar tools tool actions action button btn buttons",
    Meaning.CODE: "code highlight highlighter syntax codehilite prettyprint sourcecode",
    Meaning.REFERENCE: "reference references reflist footnote footnotes citation cite bibliography",
    Meaning.WIKI: "infobox navbox mw catlinks editsection vector hatnote",
    Meaning.QUOTE: "quote quotes pullquote blockquote",
    Meaning.LEAD: "lead lede intro standfirst kicker deck abstract",
    Meaning.MAP: "map maps location address contact adr",
    Meaning.EVENT: "event events calendar schedule",
    Meaning.TABS: "faq accordion tab tabs panel step steps",
    Meaning.COUNT: "count counter views likes votes vote",
    Meaning.LANGUAGE: "lang language languages translate locale",
}
"""Words of class names that share a meaning."""
MEANING_OF_WHOLE: Final = {
    Meaning.HIDDEN: "sr-only visually-hidden visuallyhidden d-none screen-reader-text screen-reader-only element-invisible "
    "offscreen assistive-text u-hidden is-hidden display-none"
}
"""Whole class names that share a meaning."""


Ranges = tuple[tuple[int, int], ...]

CJK_RANGES: Final[Ranges] = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3130, 0x318F),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Thai, Lao, Myanmar, Khmer, Kana, Hangul, Han: each character is a word."""
SPACE_RANGES: Final[Ranges] = ((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x2000, 0x200A), (0x3000, 0x3000))
"""White space; any run of it counts as one character."""
IGNORED_RANGES: Final[Ranges] = (
    (0x00, 0x00), (0xAD, 0xAD), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF),
)  # fmt: skip
"""Characters without width: they neither count nor part a word."""
SEPARATOR_RANGES: Final[Ranges] = (
    (0xA0, 0xA0), (0xAB, 0xAB), (0xBB, 0xBB), (0x2000, 0x206F), (0x3000, 0x3002), (0xFF01, 0xFF0F),
)  # fmt: skip
"""Characters beyond ASCII that part words."""
COMMAS: Final = ",،、，"
STOPS: Final = ".!?؟۔।॥。．！？"


class HashTable(NamedTuple):
    """Open addressing with linear probing: ``keys[slot]`` is 0 where the slot is free.

    Parameters
    ----------
    keys : ndarray of uint64
        Power-of-two length, at most half full; slot of a key: its low bits.
    values : ndarray of uint64
    """

    keys: NDArray[np.uint64]
    values: NDArray[np.uint64]


def hash_table(entries: dict[int, int]) -> HashTable:
    """Build the table of some non-zero keys and their values."""
    size = 16
    while size < 2 * len(entries):
        size *= 2
    keys, values = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    for key, value in entries.items():
        slot = key & (size - 1)
        while keys[slot]:
            slot = (slot + 1) & (size - 1)
        keys[slot], values[slot] = key, value
    return HashTable(keys, values)


def tag_table() -> HashTable:
    """Table from the 64-bit hash of a lower-case tag name to its `Tag`."""
    names = {tag.name.lower().replace("_", "-"): tag for tag in Tag if tag > Tag.ROOT} | {
        "m:math": Tag.MATH,
        "mml:math": Tag.MATH,
    }
    return hash_table({fnv1a(name.encode()): int(tag) for name, tag in names.items()})


def meaning_table() -> HashTable:
    """Table from `name_hash` and `whole_hash` of class names to `Meaning` bits."""
    entries: dict[int, int] = {}
    for hasher, lists in ((name_hash, MEANINGS), (whole_hash, MEANING_OF_WHOLE)):
        for meaning, words in lists.items():
            for word in words.split():
                key = hasher(word)
                entries[key] = entries.get(key, 0) | int(meaning)
    return hash_table(entries)


def kind_table(kinds: dict[str, Kind]) -> HashTable:
    """Table from `whole_hash` of the words of ``role`` or ``itemprop`` to `Kind` bits."""
    return hash_table({whole_hash(word): int(bits) for word, bits in kinds.items()})


def kinds_of_tags() -> NDArray[np.uint64]:
    """`Kind` bits of each `Tag`, by its number; 256 rows."""
    bits = np.zeros(256, np.uint64)
    for tag, kind in KIND_OF_TAG.items():
        bits[tag] = int(kind)
    return bits
