"""Keywords are found in every form, not in look-alikes, not where they are denied; words none of the defaults."""

from __future__ import annotations

import pytest

from pipeline.settings import Settings
from pipeline.text.embedder import Embedder
from pipeline.text.keywords import keywords
from pipeline.text.tagger import facts
from pipeline.text.values import Facts, Keyword, Term, Token
from pipeline.values import Sentence, Word
from reelify.score.lexicon import Lexicon, hits, negated


def found(words: list[str], text: str, language: str = "es", *, denied: bool = False) -> list[str]:
    lexicon = Lexicon(keywords(words, language))
    return [lexicon.keywords[f.keyword].text for f in lexicon.find(facts([text], language)) if f.negated == denied]


SPANISH = [
    ("comprar", "Compralo hoy compraríamos comprándotelas COMPRÓ comprad cómprenlo", 6),
    ("sorpresa", "Una SORPRESA con sorpresitas sorpresón sorpresas", 4),
    ("conducir", "conduzco y condujeron y conduciríais y conducirlo", 4),
    ("barato", "barata baratos baratísimas baratamente baratito", 5),
    ("querer", "quise querré quisieras queréis quererte quiero", 6),
    ("poder", "puedo pudiste podrán pudiéramos", 4),
    ("truco", "trucos truquito truquillos", 3),
    ("ver", "Hemos visto la película, que estaba prevista.", 1),
    ("romper", "Se ha roto la taza y han roto el plato.", 2),
]


@pytest.mark.models
@pytest.mark.parametrize(("word", "text", "count"), SPANISH, ids=[w for w, _, _ in SPANISH])
def test_spanish_forms(word: str, text: str, count: int) -> None:
    assert len(found([word], text)) == count


@pytest.mark.models
@pytest.mark.parametrize(
    ("word", "text", "count"),
    [
        ("offer", "offers offering OFFERED", 3),
        ("buy", "bought buys buying", 3),
        ("cheap", "cheaper, the cheapest", 2),
        ("child", "the children and the child", 2),
        ("tuitstorm", "two tuitstorms", 1),
    ],
)
def test_english_forms(word: str, text: str, count: int) -> None:
    assert len(found([word], text, "en")) == count


@pytest.mark.models
@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("gratis", "gratitud gracias gratinado"),
        ("amor", "amable amanecer amarillo, el amo de la casa"),
        ("quiero", "queso quieto quirófano"),
        ("comprar", "comprender comprobar compresa comprimido"),
        ("caro", "carácter caricia carta"),
        ("feliz", "felino felpa"),
        ("oferta", "ofensa ofrenda"),
    ],
)
def test_look_alikes(word: str, text: str) -> None:
    assert found([word], text) == []


@pytest.mark.models
@pytest.mark.parametrize(
    "text",
    [
        "No es gratis.",
        "Nunca es gratis, créeme.",
        "Sin premio y sin gratis.",
        "Esto no sale gratis.",
        "Tampoco es del todo gratis.",
    ],
)
def test_denied(text: str) -> None:
    assert found(["gratis"], text) == []
    assert "gratis" in found(["gratis"], text, denied=True)


@pytest.mark.models
@pytest.mark.parametrize(
    "text", ["No te pierdas el premio.", "No solo hay un premio.", "No, hay premio.", "¿Y por qué no? El premio."]
)
def test_affirmed_in_spite_of_a_no(text: str) -> None:
    assert found(["premio"], text) == ["premio"]


@pytest.mark.models
def test_english_denial() -> None:
    assert found(["free"], "This is not free.", "en") == []
    assert found(["free"], "It isn't free at all.", "en") == []
    assert found(["deal"], "Don't miss this deal!", "en") == ["deal"]
    assert found(["happy"], "I have never been so happy.", "en") == ["happy"]


@pytest.mark.models
def test_said_inside_another_clause() -> None:
    assert found(["te quiero"], "Mi padre nunca me dijo te quiero.") == ["te quiero"]


@pytest.mark.models
def test_a_noun_is_no_form_of_a_related_verb() -> None:
    words = keywords(["secreto"], "es", Embedder(Settings()).encode)
    lexicon = Lexicon(words)
    assert not lexicon.find(facts(["La secretaría está cerrada."], "es"))
    assert lexicon.find(facts(["Lo contó secretamente."], "es"))


@pytest.mark.parametrize("sign", ["50%", "c++", "(.*)", "[a-z]+", "😂", "$$$", "a|b", "\\d"])
def test_signs_are_no_expressions(sign: str) -> None:
    lexicon = Lexicon([Keyword(sign, sign.lower())])
    token = Token(sign, sign.lower())
    other = Token("abcd 1234", "abcd 1234")
    assert len(lexicon.find([Facts(sign, "es", (token,))])) == 1
    assert lexicon.find([Facts(other.text, "es", (other,))]) == ()


@pytest.mark.models
def test_phrases_and_the_longest_wins() -> None:
    assert found(["código", "código de descuento"], "Usa los CÓDIGOS de descuento") == ["código de descuento"]
    assert found(["buena suerte"], "buenas, y mucha suerte") == []


@pytest.mark.models
def test_five_hundred_keywords() -> None:
    many = [f"marca{chr(97 + i % 26)}{chr(97 + i // 26)}x" for i in range(499)] + ["sorteo"]
    assert found(many, "Hay sorteos y marcaaax, pero no marcazzz.") == ["sorteo", "marcaaax"] or found(
        many, "Hay sorteos hoy."
    ) == ["sorteo"]


def test_time_is_that_of_the_word() -> None:
    words = (Word(3.0, 3.4, "Un"), Word(3.5, 4.0, " sorteo,"), Word(4.2, 4.9, " ya."))
    tokens = (
        Token("Un", "un"),
        Token("sorteo", "sorteo", start=3),
        Token(",", ",", start=9),
        Token("ya", "ya", start=11),
    )
    facts_ = Facts("Un sorteo, ya.", "es", tokens)
    lexicon = Lexicon([Keyword("sorteo", "sorteo", (Term("sorteo", frozenset({"sorteo"})),))])
    (hit,) = hits({"commercial": lexicon}, [facts_], [Sentence(3.0, 4.9, facts_.text, words)])
    assert (hit.found, hit.category, hit.start) == ("sorteo", "commercial", 3.5)
    (untimed,) = hits({"commercial": lexicon}, [facts_], [Sentence(3.0, 4.9, facts_.text)])
    assert 3.0 < untimed.start < 4.9


def test_a_form_of_two_words_needs_the_tagger() -> None:
    term = Term("amar", frozenset({"amar"}), verbal=frozenset({"amo"}), lemmas=frozenset({"amar"}))
    lexicon = Lexicon([Keyword("amar", "amar", (term,))])
    rest = (Token("x", "x"), Token("y", "y", index=1))

    def count(pos: str) -> int:
        amo = Token("amo", "amo", "amo", pos, lemmas=("amar", "amo"))
        return len(lexicon.find([Facts("x y amo", "es", (*rest, amo))]))

    assert count("VERB") == 1
    assert count("NOUN") == 0


def test_negation_reaches_three_words() -> None:
    def tokens(*words: str) -> list[Token]:
        return [Token(w, w, w, "NOUN", index=i) for i, w in enumerate(words)]

    assert negated(tokens("no", "a", "b", "premio"), 3, 3)
    assert not negated(tokens("no", "a", "b", "c", "d", "premio"), 5, 5)
    assert not negated(tokens("no", ",", "premio"), 2, 2)
    assert not negated(tokens("no", "pero", "premio"), 2, 2)
