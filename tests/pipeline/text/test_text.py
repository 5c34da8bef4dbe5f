"""Sentence vectors, tagged tokens, folding and inflection rules, with the real models that arrive with the installation."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.settings import Settings
from pipeline.text import inflection
from pipeline.text.embedder import BUNDLED, Embedder
from pipeline.text.inflection import fold
from pipeline.text.keywords import keywords
from pipeline.text.tagger import facts


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder(Settings())


@pytest.mark.models
def test_vectors_are_unit_and_translations_are_near(embedder: Embedder) -> None:
    vectors = embedder.encode(["Mi hermana vive en Lisboa.", "My sister lives in Lisbon.", "The engine needs oil."])
    assert vectors.shape == (3, 512)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.75 > 0.4 > vectors[0] @ vectors[2]


@pytest.mark.models
def test_order_doubles_and_odd_texts(embedder: Embedder) -> None:
    texts = ["", "  ", "😀🎉", "مرحبا بالعالم", "hola", "x" * 20_000, "\ud800 roto", "hola"]
    vectors = embedder.encode(texts)
    assert vectors.shape == (len(texts), 512)
    assert np.isfinite(vectors).all()
    assert np.array_equal(vectors[4], vectors[7])
    assert np.allclose(embedder.encode(["hola"])[0], vectors[4], atol=1e-5)
    assert embedder.encode([]).shape == (0, 512)


@pytest.mark.models
def test_an_unreachable_model_is_replaced_and_told(tmp_path: Path) -> None:
    embedder = Embedder(replace(Settings(), sentence_model="some/other-model", models_dir=tmp_path))
    assert embedder.name == BUNDLED
    assert [d.code for d in embedder.doubts] == ["doubt.sentence_model"]
    assert Embedder(Settings()).doubts == ()


def test_fold_keeps_length_and_letters_of_their_own() -> None:
    for text in ("CÓMPRALO", "año", "pingüino", "İstanbul", "Straße", "ﬁn", "😀é"):
        assert len(fold(text)) == len(text)
    assert fold("CÓMPRALO, pingüino") == "compralo, pinguino"
    assert fold("Año") == "año"
    assert fold("e\u0301l") == "el"


def test_regular_verbs_change_their_spelling() -> None:
    assert {"busque", "busco", "buscaron"} <= inflection.conjugate("buscar")
    assert {"llegue", "llegamos"} <= inflection.conjugate("llegar")
    assert {"cruce", "cruzo"} <= inflection.conjugate("cruzar")
    assert {"protejo", "protegemos"} <= inflection.conjugate("proteger")
    assert {"vivimos", "vivis", "vivireis"} <= inflection.conjugate("vivir")
    assert inflection.conjugate("mesa") == set()


@pytest.mark.parametrize(
    ("word", "forms"),
    [("rico", {"riquisimo"}), ("amable", {"amabilisima"}), ("feliz", {"felicisimos"}), ("largo", {"larguisimas"})],
)
def test_superlatives(word: str, forms: set[str]) -> None:
    assert forms <= inflection.superlatives(word)


def test_english_spelling() -> None:
    assert {"stopped", "stopping"} <= inflection.english_forms("stop")
    assert {"tries", "tried", "trying"} <= inflection.english_forms("try")
    assert {"loves", "loved", "loving"} <= inflection.english_forms("love")
    assert {"happier", "happily"} <= inflection.english_forms("happy")
    assert "offering" in inflection.english_forms("offer")


@pytest.mark.models
def test_capitals_do_not_become_names_and_positions_hold() -> None:
    text = "Mira qué OFERTA, ¡Cómpralo ya! 😀"
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        (found,) = facts([text], "es")
    by_text = {t.text: t for t in found.tokens}
    assert by_text["OFERTA"].pos == "NOUN"
    assert "oferta" in by_text["OFERTA"].lemmas
    assert "Mood=Imp" in by_text["Cómpralo"].morph
    assert by_text["Cómpralo"].lemma == "comprar"
    assert all(text[t.start : t.end] == t.text for t in found.tokens)


@pytest.mark.models
@pytest.mark.parametrize("language", ["", "zz", "ar", "ja", "it"])
def test_other_languages_are_at_least_split(language: str) -> None:
    (found, empty) = facts(["uno due tre", ""], language)
    assert [t.text for t in found.tokens][:1] == ["uno"] or language == "ja"
    assert empty.tokens == ()


@pytest.mark.models
def test_a_noun_takes_its_verb_only_where_the_meaning_is_one(embedder: Embedder) -> None:
    def forms(word: str) -> frozenset[str]:
        (keyword,) = keywords([word], "es", embedder.encode)
        (term,) = keyword.terms
        return term.forms | term.verbal

    assert {"regalamos", "regalos", "regalito"} <= forms("regalo")
    assert {"amaban", "amores"} <= forms("amor")
    assert "casita" in forms("casa")
    assert not {"vinieron", "venir"} & forms("vino")
    assert not {"casaron", "casar", "casito"} & forms("casa")
    assert "raton" not in forms("rato")
    assert not {"colar", "colaron"} & forms("color")


@pytest.mark.models
@pytest.mark.parametrize(
    ("language", "word", "own", "others"),
    [
        ("es", "gratis", {"gratuito", "gratuitamente", "gratuidad"}, {"grato", "gratitud"}),
        ("es", "orgullo", {"orgulloso", "enorgullecer", "enorgullecido"}, {"orgia"}),
        ("es", "libre", {"libertad", "liberar", "libremente"}, {"libro", "libreria", "librea"}),
        ("es", "banco", {"bancario", "bancos"}, {"bancal", "bancarrota"}),
        ("es", "ver", set(), {"verdad", "verano"}),
        ("es", "casa", {"casas"}, {"casamiento", "casacion"}),
        ("es", "simple", {"simplon", "simplona"}, set()),
        ("es", "mano", {"manita", "manos"}, {"manada"}),
        ("es", "foto", {"fotito", "fotita"}, set()),
        ("es", "miedo", {"miedica", "miedicas"}, {"medica"}),
        ("es", "carta", {"cartita"}, {"carton", "cartones"}),
        ("es", "paz", {"pacifico"}, {"pasto"}),
        ("en", "fury", {"furious", "furiously"}, {"fur"}),
        ("en", "promotion", {"promote", "promotional", "promoted"}, {"motion"}),
        ("en", "shame", {"shameful", "ashamed"}, {"sham", "shampoo"}),
        ("en", "hat", {"hats"}, {"hater", "hate"}),
    ],
)
def test_words_of_the_same_stem_count_where_they_mean_the_same(
    embedder: Embedder, language: str, word: str, own: set[str], others: set[str]
) -> None:
    (keyword,) = keywords([word], language, embedder.encode)
    (term,) = keyword.terms
    found = term.forms | term.verbal | term.nominal
    assert own <= found
    assert not others & found


def test_keywords_without_doubles_or_blanks() -> None:
    found = keywords(["  Gratis ", "gratis", "", "50 %", "c++"], "es")
    assert [k.text for k in found] == ["Gratis", "50 %", "c++"]
    assert [bool(k.terms) for k in found] == [True, False, False]
