"""Search: phrases planted in ten hours of transcripts, asked for in other inflections and other words.

The hours are filled with sentences of the talks' passages in random order and of generated small talk; ``--quick`` takes one hour.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from benchmarks import ROOT, table
from pipeline.engine import Engine
from pipeline.settings import Settings
from pipeline.values import Sentence, Transcript
from reelify import find_workflow

PLANTED = {
    "es": (
        (
            "El bibliotecario escondió las llaves detrás del reloj de péndulo.",
            "llave escondida reloj",
            "dónde ocultó las llaves el bibliotecario",
        ),
        (
            "Sembramos lavanda en la ladera norte para atraer abejas.",
            "sembrar lavanda abeja",
            "plantas para que vengan abejas",
        ),
        (
            "El submarino emergió a doscientos metros del faro.",
            "emerger submarino",
            "un sumergible sale a la superficie junto al faro",
        ),
        (
            "Tradujo el manuscrito del arameo en una celda sin ventanas.",
            "traducir manuscritos arameo",
            "la traducción del texto arameo en prisión",
        ),
        (
            "Los apicultores protestaron frente al ayuntamiento con colmenas vacías.",
            "protesta de apicultores",
            "manifestación de los que crían abejas",
        ),
        (
            "Mi tía afinaba violines en un sótano de Cracovia.",
            "afinar violín Cracovia",
            "la tía que arreglaba instrumentos en Polonia",
        ),
        (
            "Congelaron la levadura y despertó cuarenta años después.",
            "levaduras congeladas",
            "levadura que revive tras décadas en el hielo",
        ),
        (
            "El cartero cruzaba el glaciar con esquís de fresno.",
            "carteros glaciares esquí",
            "repartía el correo esquiando por el hielo",
        ),
        (
            "Inventaron un semáforo que hablaba con los ciegos.",
            "inventar semáforos ciego",
            "una señal de tráfico sonora para invidentes",
        ),
        (
            "La orquesta tocó a oscuras durante el apagón.",
            "orquestas tocar apagones",
            "concierto sin luz por un corte eléctrico",
        ),
    ),
    "en": (
        (
            "The lighthouse keeper painted the stairs purple to annoy the admiral.",
            "painting stairs purple",
            "keeper of a lighthouse colours the steps",
        ),
        (
            "We buried the seeds under the frozen orchard in January.",
            "bury seeds orchard",
            "planting in the icy fruit garden",
        ),
        (
            "A raccoon chewed through the fibre cable and silenced the town.",
            "raccoons chew cables",
            "an animal cut off the internet of the town",
        ),
        (
            "She translated the treaty on a napkin at the airport.",
            "translating treaties napkin",
            "translation of the agreement written on a paper towel",
        ),
        (
            "The blacksmith forged a bell that rang in two keys.",
            "blacksmiths forging bells",
            "a bell made by the smith with two tones",
        ),
        (
            "Our submarine surfaced between two sleeping whales.",
            "submarines surfacing whale",
            "a ship came up from under the sea beside whales",
        ),
        (
            "He taught pigeons to deliver insulin during the flood.",
            "teaching pigeon insulin",
            "birds brought medicine when the river rose",
        ),
        (
            "The violin was hidden inside a loaf of rye bread.",
            "violins hide bread",
            "an instrument smuggled in baked goods",
        ),
        (
            "They mapped the cave by listening to dripping water.",
            "mapping caves dripping",
            "chart of a cavern made by sound",
        ),
        (
            "The mayor auctioned the broken clock to pay the nurses.",
            "auctioning broken clocks nurse",
            "selling a damaged timepiece to give nurses their wages",
        ),
    ),
}
UNSEEN = {
    "es": (
        ("El relojero reparó el cronómetro del capitán con un alfiler.", "un artesano arregló el reloj del marino"),
        (
            "Trasladaron la biblioteca en camellos por el desierto.",
            "llevaron los libros a lomos de animales por la arena",
        ),
        ("La enfermera escondió cartas de amor entre las vendas.", "mensajes románticos ocultos por una sanitaria"),
        (
            "Pintaron un mural con café y carbón en la estación.",
            "una pared decorada con ingredientes negros donde paran los trenes",
        ),
        (
            "El pescador halló una botella con un mapa de Terranova.",
            "un hombre de mar encontró un plano dentro de un frasco",
        ),
        ("Apostó su guitarra en una partida de dominó y la perdió.", "se jugó el instrumento y se quedó sin él"),
        (
            "Las hormigas invadieron la centralita y dejaron mudo al pueblo.",
            "unos insectos cortaron los teléfonos de la aldea",
        ),
        ("El jurado absolvió al ilusionista por falta de pruebas.", "el mago fue declarado inocente"),
        (
            "Cavaron un pozo de sesenta metros y salió agua caliente.",
            "perforaron la tierra hasta dar con un manantial termal",
        ),
        ("Mi vecina adiestra halcones para espantar gaviotas.", "la mujer de al lado enseña a aves rapaces"),
    ),
    "en": (
        ("The watchmaker fixed the captain's chronometer with a pin.", "a craftsman repaired a sailor's clock"),
        ("They moved the library across the desert on camels.", "books carried by animals over the sand"),
        ("The nurse hid love letters among the bandages.", "romantic notes concealed by hospital staff"),
        (
            "We painted a mural with coffee and charcoal at the station.",
            "wall art made of dark drinks where trains stop",
        ),
        ("A fisherman found a bottle holding a map of Newfoundland.", "chart discovered in a glass container at sea"),
        ("He bet his guitar on a game of dominoes and lost it.", "gambled away a musical instrument"),
        ("Ants invaded the exchange and silenced every phone.", "insects cut off telephone service"),
        ("The jury acquitted the illusionist for lack of evidence.", "the magician was found not guilty"),
        ("They dug a sixty metre well and hot water came up.", "drilling into the ground until a warm spring appeared"),
        ("My neighbour trains falcons to scare away seagulls.", "the woman next door teaches birds of prey"),
    ),
}
"""Written before the search they judge was chosen and not looked at until then: the same sentences in both languages, a query each; the
sentence in the other language counts as found."""
FRESH: dict[str, list[list[str]]] = json.loads(
    (ROOT / "benchmarks" / "data" / "searching.json").read_text(encoding="utf-8")
)["fresh"]
"""More of them, of each language its own, written after that search: nothing was chosen by them."""
HOURS, PACE = 10, 4.0
"""Hours of all files together; seconds a sentence."""
NEAR = 3
"""Hits that are seen at once."""


def filler(language: str) -> list[str]:
    """Sentences of the talks' passages."""
    lines = (ROOT / "benchmarks" / "data" / "talks" / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return [s.text for line in lines for s in _sentences(line.partition("\t")[2])]


def _sentences(text: str) -> tuple[Sentence, ...]:
    """A passage's sentences."""
    from reelify.words import sentences_of

    return sentences_of(text)


def transcripts(language: str, hours: int, seed: int) -> list[Transcript]:
    """One transcript an hour: halves of known sentences put together anew, with the planted ones spread over all."""
    rng = np.random.default_rng(seed)
    known, n = filler(language), int(3600 / PACE)
    sentences = [text for text, *_ in (*PLANTED[language], *UNSEEN[language], *FRESH[language])]
    planted = rng.permutation(hours * n)[: len(sentences)]
    texts = []
    for _ in range(hours * n):
        one, two = (known[int(rng.integers(len(known)))].split() for _ in range(2))
        texts.append(" ".join([*one[: max(3, len(one) // 2)], *two[len(two) // 2 :]]))
    for place, text in zip(planted, sentences, strict=True):
        texts[int(place)] = text
    made = []
    for hour in range(hours):
        said = tuple(Sentence(PACE * i, PACE * i + 3.5, t) for i, t in enumerate(texts[hour * n : (hour + 1) * n]))
        made.append(Transcript(language, 3600.0, said))
    return made


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    hours = 1 if parser.parse_args().quick else HOURS // 2
    engine = Engine(Settings.from_env())
    rows = []
    indexes = []
    for language in PLANTED:
        began = time.perf_counter()
        indexes += [
            find_workflow.index_of(engine, f"{language}{n}", t) for n, t in enumerate(transcripts(language, hours, 1))
        ]
        print(f"{language}: {hours} h indexed in {time.perf_counter() - began:.1f} s")
    whole = find_workflow.joined(indexes)
    for language, planted in PLANTED.items():
        twins = list(zip(*UNSEEN.values(), strict=True))
        number = list(UNSEEN).index(language)
        asked = {
            "other inflection": [({row[0]}, row[1]) for row in planted],
            "other words": [({row[0]}, row[2]) for row in planted],
            "other words, unseen": [({row[0] for row in twin}, twin[number][1]) for twin in twins],
            "other words, fresh": [({row[0]}, row[1]) for row in FRESH[language]],
        }
        for name, queries in asked.items():
            right, near, took, spent = 0, 0, [], []
            for wanted, query in queries:
                began, busy = time.perf_counter(), time.process_time()
                hits = whole.search(find_workflow.query_of(engine, query, tuple(PLANTED)))
                took.append(1000 * (time.perf_counter() - began))
                spent.append(1000 * (time.process_time() - busy))
                places = [n for n, hit in enumerate(hits) if hit.passage.text in wanted]
                right += places[:1] == [0]
                near += bool(places) and places[0] < NEAR
            rows.append([
                language, name, f"{right} of {len(queries)}", f"{near} of {len(queries)}",
                f"{np.median(took):.0f} ms", f"{max(took):.0f} ms", f"{np.median(spent):.0f} ms",
            ])  # fmt: skip
    print(f"\n{len(whole.passages)} sentences\n")
    print(table(("language", "asked in", "first hit right", "among three", "median", "slowest", "processor"), rows))


if __name__ == "__main__":
    main()
