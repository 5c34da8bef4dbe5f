"""What encoding a text file is in: by its mark, as UTF-8, else by which encoding makes words of its language out of it.

Old subtitle files name no encoding, and every single-byte encoding decodes every file. What tells them apart is what comes out:
letters of the language, in lower case inside words. Where two encodings make different texts that are equally good, nothing is
guessed.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass

from pipeline.media.languages import iso639_1

MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
GOOD, MARGIN = 0.7, 0.12
"""Share of a text's other than ASCII characters that must be the language's own, and by how much the best must win."""
THROUGH = 0.95
"""… and of a text whose language is not known to be taken for a Western one."""
_PUNCTUATION = frozenset("«»“”„‘’‚‹›…–—¿¡°·•♪♫§№€£©®ªº\u00a0\u3000、。，！？：；「」『』（）～・“”《》")
_TABLE = """
cp1252 iso8859_15 mac_roman: es áéíóúüñÁÉÍÓÚÑ¿¡ | fr àâæçéèêëîïôœùûüÿÀÂÇÉÈÊÎÔŒÙ | de äöüßÄÖÜ | it àèéìòùÀÈÉÌÒÙ
 | pt ãáàâçéêíóôõúÃÁÀÂÇÉÊÍÓÔÕÚ | ca àçèéíïòóúüÀÇÈÉÍÒÓÚ· | gl áéíóúüñÁÉÍÓÚÑ | eu ñçÑ | nl ëïéèöüáó | sv åäöéÅÄÖ | da æøåéÆØÅ
 | no æøåéòÆØÅ | fi äöåÄÖÅ | is áðéíóúýþæöÁÐÉÍÓÚÝÞÆÖ | en éèêëïñçàáíóôöü
cp1250 iso8859_2: pl ąćęłńóśźżĄĆĘŁŃÓŚŹŻ | cs áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ | sk áäčďéíĺľňóôŕšťúýžÁČĎÉÍĽŇÓÔŠŤÚÝŽ
 | hu áéíóöőúüűÁÉÍÓÖŐÚÜŰ | hr čćđšžČĆĐŠŽ | sl čšžČŠŽ | ro ăâîşţĂÂÎŞŢ | sq çëÇË
cp1251 koi8_u iso8859_5 cp866: ru абвгдежзийклмнопрстуфхцчшщъыьэюяё | uk абвгґдеєжзиіїйклмнопрстуфхцчшщьюя
 | bg абвгдежзийклмнопрстуфхцчшщъьюя | sr абвгдђежзијклљмнњопрстћуфхцчџш | mk абвгдѓежзѕијклљмнњопрстќуфхцчџш
cp1253 iso8859_7: el αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰΆΈΉΊΌΎΏ
cp1254: tr çğıöşüâîûÇĞİÖŞÜ
cp1255 iso8859_8: he אבגדהוזחטיךכלםמןנסעףפץצקרשת
cp1256: ar ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْ، | fa ءآأؤئابةتثجحخدذرزسشصضطظعغفقكگلمنهوىيپچژک،
cp1257: et äöõüšžÄÖÕÜŠŽ | lv āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ | lt ąčęėįšųūžĄČĘĖĮŠŲŪŽ
cp874: th
cp932 euc_jp: ja
gb18030 big5: zh
cp949: ko
"""
_COMMON = frozenset(
    "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成"
    "事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长這個國說們為時學對裡後麼沒還發當無開見經頭動兩長來過著會嗎吧啊呢"
    "什界世好请謝谢您让讓给給吗再很真知道现現在什麼怎样樣爱愛"
)


@dataclass(frozen=True, slots=True)
class _Way:
    """A language and an encoding it was written in."""

    language: str
    encoding: str
    letters: frozenset[str]


def _ways() -> tuple[_Way, ...]:
    out = []
    for row in _TABLE.replace("\n |", " |").strip().splitlines():
        names, _, languages = row.partition(":")
        for part in languages.split("|"):
            language, _, letters = part.strip().partition(" ")
            both = frozenset(letters + letters.lower() + letters.upper())
            out += [_Way(language, name, both) for name in names.split()]
    return tuple(out)


WAYS = _ways()


def decoded(data: bytes, language: str = "") -> str | None:
    """The text of ``data``, said to be in ``language`` (any usual tag, empty if not known); ``None`` where that cannot be told."""
    for mark, name in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    known = iso639_1(language)
    return (_by_words(data, known) if known else None) or _western(data) or _by_words(data, "")


def _western(data: bytes) -> str | None:
    """The text in Windows-1252 where it is one Western language through and through: what others make of it is not."""
    text = _strictly(data, "cp1252")
    ways = [w for w in WAYS if w.encoding == "cp1252"]
    return text if text is not None and max(_worth(text, w) for w in ways) >= THROUGH else None


def _by_words(data: bytes, language: str) -> str | None:
    """The best text that any way of writing ``language`` (all languages where it is empty) makes of ``data``."""
    best: dict[str, float] = {}
    for way in WAYS:
        if language and way.language != language:
            continue
        text = _strictly(data, way.encoding)
        if text is not None:
            best[text] = max(best.get(text, -9.0), _worth(text, way))
    ranked = sorted(best.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < GOOD:
        return None
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < (0.0 if language else MARGIN):
        return None
    return ranked[0][0]


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _worth(text: str, way: _Way) -> float:
    """In [-2, 1]: how much of what is not ASCII in ``text`` is what the language is written with."""
    other = [c for c in text if ord(c) > 127 and c not in _PUNCTUATION]
    if not other:
        return 0.5
    if way.language in {"ja", "zh", "ko", "th"}:
        return sum(_of_script(c, way.language) for c in other) / len(other)
    good = sum(1.0 if c in way.letters else -2.0 for c in other) / len(other)
    return good - _jumping_case(text)


def _of_script(character: str, script: str) -> float:
    name = unicodedata.name(character, "")
    if script == "ja":
        return (
            1.0
            if name.startswith(("HIRAGANA", "KATAKANA LETTER", "KATAKANA-HIRAGANA"))
            else 0.6
            if _cjk(name)
            else -2.0
        )
    if script == "zh":
        return (1.0 if character in _COMMON else 0.5) if _cjk(name) else -2.0
    return 1.0 if name.startswith({"ko": "HANGUL SYLLABLE", "th": "THAI"}[script]) else -2.0


def _cjk(name: str) -> bool:
    return name.startswith("CJK UNIFIED") or name.startswith("FULLWIDTH")


def _jumping_case(text: str) -> float:
    """Share of words with a capital after a small letter: what another encoding of the same alphabet looks like."""
    words = [w for w in re.findall(r"[^\W\d_]{2,}", text) if any(ord(c) > 127 for c in w)]
    jumping = sum(any(a.islower() and b.isupper() for a, b in itertools.pairwise(w)) for w in words)
    return jumping / len(words) if words else 0.0
