"""Subtitles from transcripts: times, breaks, escapes, and the clock of an edited result."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from pipeline.captions import cues, fonts, placing, script, subtitles
from pipeline.captions.styles import CaptionStyle
from pipeline.speech import clock
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript, Word

WORDS = [
    "sí",
    "mañana",
    "el",
    "pingüino",
    "compró",
    "un",
    "descuento",
    "increíble,",
    "¿verdad?",
    "y",
    "corazón",
    "no",
    "extraordinariamente",
    "gratis",
]


def spoken(seed: int, n: int = 120) -> Transcript:
    """Random speech with pauses, long words and overlapping ends."""
    chance = random.Random(seed)
    sentences, clock = [], chance.uniform(0, 2)
    while n > 0:
        words = []
        for _ in range(chance.randint(1, 25)):
            length = chance.uniform(0.05, 0.6)
            words.append(Word(clock, clock + length * chance.uniform(0.8, 1.1), " " + chance.choice(WORDS)))
            clock += length + chance.choice([0.0, 0.0, 0.0, 0.9])
        text = "".join(w.text for w in words).strip() + chance.choice([".", "?", ""])
        sentences.append(Sentence(words[0].start, words[-1].end, text, tuple(words)))
        n -= len(words)
    return Transcript("es", clock + 1, tuple(sentences))


@pytest.mark.parametrize("seed", range(6))
def test_cues_are_in_order_short_and_complete(seed: int) -> None:
    transcript = spoken(seed)
    found = cues.cues(transcript)
    for cue, following in itertools.pairwise(found):
        assert cue.start < cue.end <= following.start + 1e-9
    for cue in found:
        assert 1 <= len(cue.lines) <= 2
        assert all(len(line) <= cues.LINE_CHARS for line in cue.lines)
    said = [w.text.strip() for s in transcript.sentences for w in s.words]
    assert " ".join(line for cue in found for line in cue.lines).split() == said


def test_a_cue_stays_to_be_read_where_there_is_room() -> None:
    quick = Transcript("es", 20.0, (Sentence(1.0, 1.4, "Una frase dicha muy deprisa aquí", ()),))
    (cue,) = cues.cues(quick)
    assert cue.end - cue.start >= len(cue.lines[0]) / cues.READING_SPEED


def test_pause_and_sentence_end_break() -> None:
    words = (Word(0, 0.5, "uno"), Word(0.5, 1.0, "dos."), Word(1.0, 1.5, "tres"), Word(3.0, 3.5, "cuatro"))
    found = cues.cues(Transcript("es", 5, (Sentence(0, 3.5, "uno dos. tres cuatro", words),)))
    assert [c.lines for c in found] == [("uno dos.",), ("tres",), ("cuatro",)]


def test_two_lines_break_evenly() -> None:
    sentence = Sentence(0, 5, "una frase que es demasiado larga para una sola línea de texto")
    (cue,) = cues.cues(Transcript("es", 6, (sentence,)))
    assert len(cue.lines) == 2
    assert abs(len(cue.lines[0]) - len(cue.lines[1])) <= 8


def test_srt_and_vtt_are_well_formed() -> None:
    nasty = Sentence(3661.5, 3663.0, "<b>A & B --> C</b>\n\n2\n00:00 {x}")
    transcript = Transcript("en", 4000, (nasty,))
    vtt = subtitles.to_vtt(transcript)
    assert vtt.startswith("WEBVTT\n\n01:01:01.500 --> 01:01:")
    body = vtt.split("\n", 3)[3]
    assert "-->" not in body
    assert "<" not in body
    assert "&amp;" in body
    srt = subtitles.to_srt(transcript)
    assert len(re.findall(r"-->", srt)) == 1
    assert "\n\n" not in srt.strip()


def test_empty_transcript() -> None:
    nothing = Transcript("", 10.0)
    assert subtitles.to_srt(nothing) == ""
    assert subtitles.to_vtt(nothing).startswith("WEBVTT")
    assert subtitles.to_text(nothing) == ""
    assert "Dialogue" not in script.to_ass(nothing, (1080, 1920))


def test_through_moves_words_to_the_result() -> None:
    words = tuple(Word(10 + i, 10.8 + i, f"w{i}") for i in range(6))
    source = Transcript("es", 60, (Sentence(10, 15.8, "w0 w1 w2 w3 w4 w5", words),))
    plan = Timeline((Cut("a", Span(13.0, 15.0), 0.0), Cut("a", Span(10.0, 11.0), 2.0, rate=2.0)))
    moved = clock.through(plan, {"a": source})
    assert [s.text for s in moved.sentences] == ["w3 w4", "w0"]
    assert [(w.start, w.end) for w in moved.sentences[0].words] == [
        (0.0, pytest.approx(0.8)),
        (1.0, pytest.approx(1.8)),
    ]
    slow = moved.sentences[1].words[0]
    assert (slow.start, slow.end) == (2.0, pytest.approx(3.6))
    assert moved.duration == plan.duration


@pytest.mark.parametrize("seed", range(4))
def test_through_keeps_words_inside_the_result(seed: int) -> None:
    transcript, chance = spoken(seed), random.Random(seed)
    start = chance.uniform(0, transcript.duration / 2)
    span = Span(start, start + chance.uniform(3, 20))
    moved = clock.through(Timeline((Cut("a", span, 5.0),)), {"a": transcript})
    for sentence in moved.sentences:
        for word in sentence.words:
            assert 5.0 <= word.start <= word.end <= 5.0 + span.duration + 1e-6


def dialogues(ass: str) -> list[tuple[str, str, str]]:
    found = re.findall(r"^Dialogue: 0,([\d:.]+),([\d:.]+),\w+,,0,0,\d+,,(.*)$", ass, re.MULTILINE)
    return [(a, b, t) for a, b, t in found]


def test_ass_marks_every_word_once_in_turn() -> None:
    words = tuple(Word(i * 0.5, i * 0.5 + 0.4, w) for i, w in enumerate(["¡Hola,", "mundo", "pequeño!"]))
    ass = script.to_ass(Transcript("es", 3, (Sentence(0, 1.4, "¡Hola, mundo pequeño!", words),)), (1080, 1920))
    found = dialogues(ass)
    marked = [re.search(r"\{\\c&H0000D4FF&\}(.*?)\{", t) for _, _, t in found]
    assert [m.group(1) for m in marked if m] == ["¡Hola,", "mundo", "pequeño!"]
    assert len({re.sub(r"\{.*?\}", "", t) for _, _, t in found}) == 1
    assert [a for a, _, _ in found[1:]] == [b for _, b, _ in found[:-1]]


@pytest.mark.parametrize(
    "text", ["{\\an8}oculto", "C:\\New\\notes", "a}b{c", "línea\nnueva", "emoji 😀👍🏽", "مرحبا بكم"]
)
def test_ass_shows_text_as_it_is(text: str) -> None:
    ass = script.to_ass(Transcript("xx", 3, (Sentence(0, 2, text),)), (640, 360), CaptionStyle(mark="none"))
    ((_, _, shown),) = dialogues(ass)
    shown = re.sub(r"\{\\fn[^{}]*\}", "", shown)  # which font draws what
    assert not re.search(r"(?<!\\)\{", shown)
    assert not re.search(r"\\[Nnh]", shown)
    plain = shown.replace(script.WORD_JOINER, "").replace(r"\{", "{").replace(r"\}", "}")
    assert plain == clock.clean(text)


def test_lines_fit_the_safe_area_of_an_upright_picture() -> None:
    size, style = (1080, 1920), CaptionStyle()
    place = placing.layout(size, style)
    measure = script.measure_at(place.size, "es")
    for seed in range(3):
        for cue in cues.cues(spoken(seed), measure=measure, limit=place.width):
            assert all(measure(line) <= place.width for line in cue.lines)
    assert place.bottom >= 0.25 * size[1]
    assert place.side >= 0.12 * size[0] - 1


def test_sizes_follow_the_height() -> None:
    small, large = (placing.layout((w, h), CaptionStyle()).size for w, h in ((640, 360), (1920, 1080)))
    assert large == pytest.approx(3 * small)


def test_unspaced_languages_are_joined_without_spaces() -> None:
    words = (Word(0, 1, "今日"), Word(1, 2, "は"))
    (cue,) = cues.cues(Transcript("ja", 3, (Sentence(0, 2, "今日は", words),)))
    assert cue.lines == ("今日は",)


def test_the_font_has_the_letters_we_promise() -> None:
    from fontTools.ttLib import TTFont

    known = TTFont(fonts.MAIN.path).getBestCmap()
    assert all(ord(c) in known for c in "ñÑáéíóúüÁÉÍÓÚ¿¡çãõàèß€«»…“”—øåšžŁΩЖ")


def test_write_refuses_other_forms() -> None:
    with pytest.raises(ValueError, match="docx"):
        subtitles.write(Transcript("", 0), "docx")


ABBREVIATED = (
    ("es", "El Sr. García vive en EE. UU. desde las 8 a. m. y paga 25 % más."),
    ("en", "Mr. Smith met Dr. Jones at 5 p.m. in the U.S. yesterday and No. 1 was happy."),
    ("fr", "Mme. Dupont, J. R. R. Martin et l’art. 4 etc. sont là."),
)


@pytest.mark.parametrize(("language", "text"), ABBREVIATED)
@pytest.mark.parametrize("limit", [18, 24, 42])
def test_the_point_of_a_short_form_ends_no_cue(language: str, text: str, limit: int) -> None:
    found = cues.cues(Transcript(language, 9.0, (Sentence(0.0, 6.0, text),)), limit=limit)
    assert " ".join(line for c in found for line in c.lines) == text
    ends = [c.lines[-1].split()[-1] for c in found[:-1]]
    starts = [c.lines[0].split()[0] for c in found[1:]]
    for torn in (
        ("Sr.", "García"),
        ("EE.", "UU."),
        ("8", "a."),
        ("a.", "m."),
        ("25", "%"),
        ("No.", "1"),
        ("art.", "4"),
        ("R.", "R."),
    ):
        assert torn not in zip(ends, starts, strict=True)
        assert not any(
            line.endswith(torn[0]) and later.startswith(torn[1])
            for c in found
            for line, later in itertools.pairwise(c.lines)
        )
    assert all(len("".join(c.lines)) > 5 for c in found)


def test_sentences_still_end_cues() -> None:
    words = ("Fue", "en", "1999.", "Luego,", "etc.", "Y", "así", "no.", "Vale.")
    timed = tuple(Word(i * 0.5, i * 0.5 + (0.1 if w == "etc." else 0.45), w) for i, w in enumerate(words))
    found = cues.cues(Transcript("es", 6.0, (Sentence(0.0, 4.5, " ".join(words), timed),)))
    assert [" ".join(c.lines) for c in found] == ["Fue en 1999.", "Luego, etc.", "Y así no.", "Vale."]


@pytest.mark.parametrize("number", ["25 %", "1.500.000 €", "1 500 000 €", "$ 25", "€ 3,50", "20 °C", "120 km"])
def test_numbers_keep_their_signs(number: str) -> None:
    for n in range(1, 12):
        text = "una " * n + number + " más de lo que costaba antes"
        for cue in cues.cues(Transcript("es", 9.0, (Sentence(0.0, 4.0, text),)), limit=20):
            whole = "\n".join(cue.lines)
            assert number in whole or not any(p in whole.split() for p in number.split())


URL = "https://www.ejemplodeunaempresamuylarga.com/ofertas/2024/verano"


@pytest.mark.parametrize("size", [(1080, 1920), (720, 576), (1920, 1080)])
@pytest.mark.parametrize(
    "word", [URL, "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"]
)
def test_a_word_wider_than_the_picture_goes_on_in_the_next_line(word: str, size: tuple[int, int]) -> None:
    place = placing.layout(size, CaptionStyle())
    measure = script.measure_at(place.size, "es")
    said = Transcript("es", 9.0, (Sentence(0.0, 6.0, f"Mira en {word} y compra"),))
    found = cues.cues(said, measure=measure, limit=place.width)
    assert all(measure(line) <= place.width for c in found for line in c.lines)
    assert "".join("".join(c.lines) for c in found).replace(" ", "") == f"Miraen{word}ycompra"
    shown = "".join(
        re.sub(r"\{.*?\}", "", t) for _, _, t in dialogues(script.to_ass(None, size, hook=script.Hook(f"Ya {word}")))
    )
    hook = [line.strip() for line in shown.split(r"\N")]
    assert all(script.measure_at(script.HOOK_SCALE * place.size, "")(line) <= place.width for line in hook)
    assert "".join(hook).replace(" ", "") == f"Ya{word}"


def test_chinese_takes_two_columns_and_breaks_at_no_sign() -> None:
    text = "今天我们要讲一个非常有意思的故事，它发生在很久以前的一个小村庄里，所有人都认识那个人。"
    for cue in cues.cues(Transcript("zh", 20.0, (Sentence(0.0, 12.0, text),)), longest=20.0):
        for line in cue.lines:
            assert cues.columns(line) <= cues.LINE_CHARS
            assert line[0] not in "，。"


@pytest.mark.parametrize(
    ("size", "bottom"), [((1080, 1920), 1264), ((1080, 1920), 1380), ((1080, 1080), 1000), ((720, 1280), 1100)]
)
def test_captions_lie_across_no_edge_of_the_picture(size: tuple[int, int], bottom: int) -> None:
    place, height = placing.layout(size, CaptionStyle()), size[1]
    said = Transcript(
        "es", 9.0, (Sentence(1.0, 3.0, "Dos líneas de texto que se leen bien"), Sentence(6.0, 7.0, "Otra vez"))
    )
    ass = script.to_ass(said, size, CaptionStyle(mark="none"), ground=placing.Ground((placing.Band(0.0, 5.0, bottom),)))
    lines = re.findall(r"^Dialogue: 0,0:00:0(\d).*?,,0,0,(\d+),,(?:\{\\an(\d)\})?", ass, re.MULTILINE)
    for second, margin, anchor in lines:
        inside = int(second) < 5
        top: float
        if anchor == "8":
            top = int(margin)
            low = top + 2 * place.size
        else:
            low = height - (int(margin) or place.bottom)
            top = low - 2 * place.size
        assert not (inside and top < bottom < low)
        assert low <= 0.93 * height
        assert inside or (margin, anchor) == ("0", "")
    assert len(lines) >= 2
