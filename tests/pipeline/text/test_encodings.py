"""Old text files: the words come out, or nothing is guessed."""

from __future__ import annotations

import pytest

from pipeline.text.encodings import decoded

TEXTS = {
    "pl": ("Zażółć gęślą jaźń", ["cp1250", "iso8859_2", "utf-8", "utf-16"]),
    "cs": ("Příliš žluťoučký kůň úpěl", ["cp1250", "iso8859_2"]),
    "hu": ("Hűvös őszi éjszaka", ["cp1250"]),
    "ru": ("Привет, как дела? Хорошо!", ["cp1251", "koi8_r", "cp866", "iso8859_5"]),
    "uk": ("Привіт, як твої справи?", ["cp1251", "koi8_u"]),
    "el": ("Καλημέρα κόσμε, Άννα", ["iso8859_7", "cp1253"]),
    "tr": ("Günaydın, nasılsın? Şimdi gidiyoruz", ["cp1254"]),
    "he": ("שלום עולם", ["cp1255"]),
    "ar": ("مرحبا بالعالم", ["cp1256"]),
    "ja": ("こんにちは、世界", ["shift_jis", "euc_jp"]),
    "zh": ("你好，世界", ["gb18030", "big5"]),
    "ko": ("안녕하세요, 세계", ["cp949"]),
    "th": ("สวัสดีชาวโลก", ["cp874"]),
    "lt": ("Ačiū, labai gražu šiąnakt", ["cp1257"]),
    "es": ("¿Cómo estás? Mañana será otro día…", ["cp1252"]),
    "fr": ("L’été où naquit ce garçon, à l’œil", ["cp1252"]),
    "de": ("Schöne Grüße aus München", ["cp1252"]),
}


@pytest.mark.parametrize(("language", "encoding"), [(k, e) for k, (_, es) in TEXTS.items() for e in dict.fromkeys(es)])
def test_the_words_of_a_known_language_come_out(language: str, encoding: str) -> None:
    text = f"1\n00:00:03,000 --> 00:00:05,000\n{TEXTS[language][0]}\n"
    assert decoded(text.encode(encoding), language) == text


@pytest.mark.parametrize(("language", "encoding"), [(k, e) for k, (_, es) in TEXTS.items() for e in dict.fromkeys(es)])
def test_without_a_language_the_words_come_out_or_nothing_does(language: str, encoding: str) -> None:
    text = f"1\n00:00:03,000 --> 00:00:05,000\n{TEXTS[language][0]}\n"
    assert decoded(text.encode(encoding)) in {text, None}


def test_bytes_that_are_no_text_of_the_language_are_not_guessed() -> None:
    assert decoded("Привет, как дела?".encode("cp1251"), "es") in {"Привет, как дела?", None}
    assert decoded(bytes(range(128, 256)), "pl") is None
