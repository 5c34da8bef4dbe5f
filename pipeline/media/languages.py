"""Language tags: what Matroska, players and people call a language."""

from __future__ import annotations

_TABLE = """
ar ara العربية|bg bul Български|ca cat Català|cs cze Čeština|cy wel Cymraeg|da dan Dansk|de ger Deutsch
el gre Ελληνικά|en eng English|es spa Español|et est Eesti|eu baq Euskara|fa per فارسی|fi fin Suomi
fr fre Français|ga gle Gaeilge|gl glg Galego|he heb עברית|hi hin हिन्दी|hr hrv Hrvatski|hu hun Magyar
hy arm Հայերեն|id ind Bahasa Indonesia|is ice Íslenska|it ita Italiano|ja jpn 日本語|ka geo ქართული
kk kaz Қазақша|ko kor 한국어|lt lit Lietuvių|lv lav Latviešu|mk mac Македонски|ms may Bahasa Melayu
nl dut Nederlands|no nor Norsk|pl pol Polski|pt por Português|ro rum Română|ru rus Русский|sk slo Slovenčina
sl slv Slovenščina|sq alb Shqip|sr srp Српски|sv swe Svenska|sw swa Kiswahili|ta tam தமிழ்|te tel తెలుగు
th tha ไทย|tl tgl Tagalog|tr tur Türkçe|uk ukr Українська|ur urd اردو|vi vie Tiếng Việt|zh chi 中文
"""
_ROWS = [tuple(row.split(" ", 2)) for line in _TABLE.strip().splitlines() for row in line.split("|")]
_TERMINOLOGIC = {
    "ces": "cze", "cym": "wel", "deu": "ger", "ell": "gre", "eus": "baq", "fas": "per", "fra": "fre", "hye": "arm", "isl": "ice",
    "kat": "geo", "mkd": "mac", "msa": "may", "nld": "dut", "ron": "rum", "slk": "slo", "sqi": "alb", "zho": "chi", "nob": "nor",
}  # fmt: skip
UNKNOWN = "und"


def iso639_2(tag: str) -> str:
    """The three letters Matroska wants (ISO 639-2, bibliographic) for ``es``, ``es-MX``, ``spa`` or ``deu``; ``und``
    if unknown."""
    base = _base(tag)
    if len(base) == 3:
        return _TERMINOLOGIC.get(base, base)
    return next((three for two, three, _ in _ROWS if two == base), UNKNOWN)


def iso639_1(tag: str) -> str:
    """Two letters for any of the forms :func:`iso639_2` takes; empty if unknown."""
    three = iso639_2(tag)
    return next((two for two, other, _ in _ROWS if other == three), "")


def own_name(tag: str) -> str:
    """What its speakers call the language; empty if unknown."""
    three = iso639_2(tag)
    return next((name for _, other, name in _ROWS if other == three), "")


def own_names() -> tuple[tuple[str, str], ...]:
    """(what its speakers call it, two letters) of every language of the table, by name."""
    return tuple(sorted(((name, two) for two, _, name in _ROWS), key=lambda row: row[0].casefold()))


def bcp47(tag: str) -> str:
    """The IETF tag: script, region and all else of ``tag`` kept, two letters for the language where they exist; empty if unknown."""
    two = iso639_1(tag)
    rest = tag.strip().replace("_", "-").split("-")[1:]
    return (
        "-".join((two, *rest))
        if two and all(part.isalnum() and part.isascii() and len(part) <= 8 for part in rest)
        else two
    )


def _base(tag: str) -> str:
    base = tag.strip().lower().replace("_", "-").partition("-")[0]
    return base if base.isalpha() and len(base) in {2, 3} else ""
