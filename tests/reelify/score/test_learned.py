"""What was learned is read, adds up word by word, and puts what is told above what is gone through."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipeline.engine import Engine
from pipeline.settings import Settings
from reelify.fitted import learned
from reelify.score.learned import CHOICE, from_arrays, to_arrays
from reelify.score.wording import runs
from reelify.words import score_lines, score_words


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(Settings())


def test_the_file_says_what_it_is() -> None:
    about = learned().about
    assert about["date"]
    assert about["held out"]
    assert about["data"]["teasers"] > 0


def test_arrays_survive_the_file() -> None:
    model = learned()
    again = from_arrays(to_arrays(model), model.about)
    one, two = (m.directions[CHOICE]["en"].wording for m in (model, again))
    assert one is not None
    assert two is not None
    np.testing.assert_allclose(one, two, atol=float(np.abs(one).max()) / 100)


@pytest.mark.models
def test_tokens_share_all_of_a_sentences_wording(engine: Engine) -> None:
    facts = engine.facts(["She packed one suitcase and did not look back."], "en")[0]
    way, said = learned().directions[CHOICE]["en"], runs(facts)
    assert way.wording is not None
    assert way.of_words(said, len(facts.tokens)).sum() == pytest.approx(
        float(way.wording[said.buckets] @ said.values), abs=1e-4
    )


TOLD = {
    "es": ("Mi hermano dejó de hablarme el día que vendí la casa, y tardé diez años en entender por qué.",),
    "en": ("My brother stopped talking to me the day I sold the house, and it took me ten years to see why.",),
}
GONE_THROUGH = {
    "es": ("Gracias a todos por venir, sois un público increíble, os quiero mucho.", "Este capítulo lo patrocina Zetta, con el código AMIGO tenéis un diez por ciento gratis."),
    "en": ("Thank you all for coming, you are an incredible audience, I love you.", "This chapter is sponsored by Zetta, use the code FRIEND for ten percent free."),
}  # fmt: skip


@pytest.mark.models
@pytest.mark.parametrize("language", ["es", "en"])
def test_what_is_told_over_what_is_gone_through(engine: Engine, language: str) -> None:
    lines = [*TOLD[language], *GONE_THROUGH[language]]
    scores = [s.total for s in score_lines(engine, lines, language)]
    assert scores[0] > 0.3 > max(scores[1:])
    assert [s.total for s in score_lines(engine, lines, language)] == scores


@pytest.mark.models
def test_points_may_cost_and_still_add_up(engine: Engine) -> None:
    score = score_words(engine, "Welcome to the show. I lost my house that night and told nobody.", "en")
    assert any(p.points < 0 for p in score.evidence)
    assert sum(p.points for p in score.evidence) * score.confidence == pytest.approx(score.total)
    assert all(0.0 <= v <= 1.0 for v in score.parts.values())


@pytest.mark.models
def test_love_is_no_wish(engine: Engine) -> None:
    texts = ("Te quiero mucho, hermano.", "Quiero este coche ahora.")
    love, wish = ([k.keyword for k in s.keywords] for s in score_lines(engine, texts, "es"))
    assert "quiero" not in love
    assert "quiero" in wish


@pytest.mark.models
def test_relatives_of_a_keyword(engine: Engine) -> None:
    forms = {
        k.text: frozenset(itertools.chain(*(t.forms | t.verbal for t in k.terms)))
        for k in engine.keywords(["feliz", "sorpresa", "odio"], "es")
    }
    assert "felicidad" in forms["feliz"]
    assert "sorprendente" in forms["sorpresa"]
    assert "odisea" not in forms["odio"]
