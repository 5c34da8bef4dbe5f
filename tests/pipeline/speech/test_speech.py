"""Speech: voice to chunks, words to times and sentences, and nothing invented."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.compute.device import Device, pick
from pipeline.errors import Cancelled
from pipeline.messages import Message
from pipeline.settings import Settings
from pipeline.speech import guards as guards
from pipeline.speech.sentences import Spoken, sentences, to_sentence
from pipeline.speech.transcriber import Transcriber
from pipeline.speech.values import RATE, Chunk, ChunkPiece, Heard, HeardWord
from pipeline.speech.voice import WINDOW, Hearing, Level, VoiceDetector, chunks
from pipeline.speech.word_times import holes, in_order, on_file_clock, snapped, sound_runs
from pipeline.values import Audio, Span, Transcript, Word

STEP = WINDOW / RATE


class LoudIsVoice:
    """In place of Silero's session: a window over −40 dBFS is speech."""

    def run(self, names: object, inputs: Mapping[str, NDArray[np.float32]]) -> tuple[object, object, object]:
        loud = np.sqrt((inputs["input"][:, 64:] ** 2).mean(axis=1)) > 0.01
        return np.where(loud, 0.9, 0.02).astype(np.float32), inputs["h"], inputs["c"]


def noise(seconds: float, level: float, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32)


def sound(*parts: tuple[float, float], start: float = 0.0) -> Audio:
    """``(seconds, level)`` one after the other."""
    return Audio(np.concatenate([noise(s, level, n) for n, (s, level) in enumerate(parts)]), RATE, start)


def blocks(audio: Audio, seconds: float) -> Iterator[Audio]:
    size = round(seconds * RATE)
    for at in range(0, len(audio.samples), size):
        yield Audio(audio.samples[at : at + size], RATE, audio.start + at / RATE)


def chunked(audio: Audio, seconds: float = 7.0, hearing: Hearing | None = None) -> list[Chunk]:
    return list(chunks(blocks(audio, seconds), VoiceDetector(LoudIsVoice()), hearing))


def chunk_of(audio: Audio, *pieces: ChunkPiece) -> Chunk:
    count = len(audio.samples) // WINDOW
    voice = VoiceDetector(LoudIsVoice())(audio.samples[: count * WINDOW])
    return Chunk(audio.samples, pieces or (ChunkPiece(0.0, audio.start, audio.duration),), voice, STEP)


# --- chunks of voice


def test_chunks_lie_where_the_voice_is_whatever_the_blocks() -> None:
    audio = sound((5, 0.0001), (3, 0.1), (20, 0.0001), (4, 0.1), (5, 0.0001))
    for seconds in (0.5, 7.0, 60.0):
        found = chunked(audio, seconds)
        assert len(found) == 1
        spans = [(p.start, p.end) for p in found[0].pieces]
        assert spans == [pytest.approx((4.6, 8.4), abs=0.1), pytest.approx((27.6, 32.4), abs=0.1)]
        assert found[0].duration == pytest.approx(sum(b - a for a, b in spans), abs=0.01)


def test_the_file_clock_survives_a_late_start() -> None:
    found = chunked(sound((1, 0.0001), (2, 0.1), (1, 0.0001), start=100.0))
    assert found[0].start == pytest.approx(100.6, abs=0.1)


def test_no_chunk_is_longer_than_whispers_window_and_nothing_is_lost() -> None:
    rng = np.random.default_rng(3)
    parts = [p for _ in range(60) for p in ((float(rng.uniform(0.5, 9)), 0.1), (float(rng.uniform(0.3, 2)), 0.0001))]
    parts.insert(10, (95.0, 0.1))  # a speaker who never breathes
    audio = sound(*parts)
    found = chunked(audio)
    assert max(c.duration for c in found) <= 30.0
    covered = np.zeros(round(audio.duration / STEP) + 2, bool)
    for chunk in found:
        for piece in chunk.pieces:
            covered[round(piece.start / STEP) : round(piece.end / STEP)] = True
    loud = (
        np.sqrt((audio.samples[: len(audio.samples) // WINDOW * WINDOW].reshape(-1, WINDOW) ** 2).mean(axis=1)) > 0.01
    )
    assert (covered[: len(loud)] | ~loud).mean() > 0.999
    starts = [p.start for c in found for p in c.pieces]
    assert starts == sorted(starts)


def test_memory_does_not_grow_with_the_length() -> None:
    from pipeline.speech.voice import _Packer

    packer = _Packer(Hearing())
    detector = VoiceDetector(LoudIsVoice())
    most = 0
    for n in range(400):
        samples = noise(WINDOW * 40 / RATE, 0.1 if n % 3 else 0.0001, n)
        list(packer.push(samples, detector(samples)))
        most = max(most, len(packer.tape.voice))
    assert most * STEP < 75


def test_silence_gives_no_chunk_and_is_not_audible() -> None:
    level = Level()
    audio = sound((20, 0.0))
    assert not list(chunks([audio], VoiceDetector(LoudIsVoice()), level=level))
    assert (level.voiced, level.audible, level.peak) == (0.0, 0.0, 0.0)
    assert level.duration == pytest.approx(20, abs=0.05)


def test_other_rates_and_channels_are_heard() -> None:
    time = np.arange(48000 * 3) / 48000
    tone = np.where((time > 1) & (time < 2), 0.3 * np.sin(2 * np.pi * 300 * time), 0).astype(np.float32)
    found = list(chunks([Audio(np.stack([tone, tone]), 48000)], VoiceDetector(LoudIsVoice())))
    assert len(found) == 1
    assert found[0].pieces[0].start == pytest.approx(0.6, abs=0.1)


# --- word times


def words(*items: tuple[float, float, str]) -> tuple[HeardWord, ...]:
    return tuple(HeardWord(a, b, " " + text, 0.9) for a, b, text in items)


def test_words_go_to_the_edges_of_sound() -> None:
    chunk = chunk_of(sound((1.0, 0.0005), (0.5, 0.1), (1.0, 0.0005), (0.6, 0.1), (1.0, 0.0005)))
    early = words((0.6, 1.3, "banana"), (2.1, 2.8, "naranja"))  # both begin in silence and stop too soon
    fitted = snapped(early, sound_runs(chunk))
    assert [(w.start, w.end) for w in fitted] == [
        pytest.approx((1.0, 1.5), abs=0.03),
        pytest.approx((2.5, 3.1), abs=0.03),
    ]


def test_words_inside_a_run_keep_their_borders() -> None:
    chunk = chunk_of(sound((0.5, 0.0005), (2.0, 0.1), (0.5, 0.0005)))
    fitted = snapped(words((0.6, 1.1, "uno"), (1.1, 1.7, "dos"), (1.7, 2.4, "tres")), sound_runs(chunk))
    assert [w.start for w in fitted] == pytest.approx([0.5, 1.1, 1.7], abs=0.03)
    assert fitted[-1].end == pytest.approx(2.5, abs=0.03)


def test_times_never_run_backwards_or_leave_the_chunk() -> None:
    rng = np.random.default_rng(5)
    chunk = chunk_of(sound((0.4, 0.0005), (2.0, 0.1), (0.7, 0.0005), (1.4, 0.1), (0.4, 0.0005)))
    for _ in range(200):
        starts = np.sort(rng.uniform(0, chunk.duration, 9))
        given = [HeardWord(float(s), float(s + rng.exponential(0.5)), " palabra", 0.5) for s in starts]
        fitted = on_file_clock(snapped(given, sound_runs(chunk)), chunk)
        assert all(w.start <= w.end for w in fitted)
        assert all(a.end <= b.start + 1e-9 for a, b in pairwise(fitted))
        assert all(w.start >= 0 and w.end <= chunk.duration + 1e-9 for w in fitted)


def test_seams_map_back_to_the_file() -> None:
    audio = sound((1.0, 0.1), (0.4, 0.0005), (0.4, 0.0005), (1.0, 0.1))
    chunk = chunk_of(audio, ChunkPiece(0.0, 10.0, 1.4), ChunkPiece(1.4, 50.0, 1.4))
    placed = on_file_clock(snapped(words((0.0, 1.2, "antes"), (1.3, 2.8, "después")), sound_runs(chunk)), chunk)
    assert placed[0].end == pytest.approx(11.0, abs=0.05)
    assert placed[1].start == pytest.approx(50.4, abs=0.05)


def test_voice_without_words_is_a_hole() -> None:
    chunk = chunk_of(sound((3.0, 0.1), (1.0, 0.0005), (0.5, 0.1), (1.0, 0.0005), (3.0, 0.1)))
    assert not holes(words((0, 1, "a"), (1, 2, "b"), (2, 3, "c"), (4, 4.5, "d"), (5.5, 7, "e"), (7, 8.5, "f")), chunk)
    found = holes(words((0, 1, "a"), (1, 2, "b"), (2, 3, "c"), (5.5, 6.5, "e")), chunk)
    assert [(s.start, s.end) for s in found] == [pytest.approx((3.8, 4.7), abs=0.1), pytest.approx((6.5, 8.5), abs=0.3)]


def test_overlaps_are_halved() -> None:
    fitted = in_order(words((0, 1, "a"), (0.8, 2, "b")))
    assert (fitted[0].end, fitted[1].start) == (pytest.approx(0.9), pytest.approx(0.9))


# --- sentences


def said(text: str, pace: float = 0.3, start: float = 0.0, gaps: Mapping[int, float] | None = None) -> list[Spoken]:
    found, at = [], start
    for n, word in enumerate(text.split()):
        at += (gaps or {}).get(n, 0.0)
        found.append(Spoken(Word(at, at + pace * 0.9, " " + word, 0.9), -0.2, 0.01, 0.9))
        at += pace
    return found


def texts(spoken: Sequence[Spoken]) -> list[str]:
    return [to_sentence(g).text for g in sentences(spoken)]


def test_sentences_end_at_punctuation_but_not_at_abbreviations() -> None:
    assert texts(said("Hola, Sr. García. ¿Qué tal? Cuesta 2.5 euros. Creo que no. ¡Vaya!")) == [
        "Hola, Sr. García.", "¿Qué tal?", "Cuesta 2.5 euros.", "Creo que no.", "¡Vaya!",
    ]  # fmt: skip


def test_a_pause_ends_a_phrase() -> None:
    assert texts(said("uno dos tres cuatro", gaps={2: 1.5})) == ["uno dos", "tres cuatro"]


def test_endless_talk_is_cut_at_its_commas() -> None:
    spoken = said(" ".join("y luego fuimos todos a la playa," for _ in range(12)))
    found = sentences(spoken)
    assert sum(len(g) for g in found) == len(spoken)
    assert all(g[-1].word.end - g[0].word.start <= 14.0 for g in found)
    assert all(g[-1].word.text.endswith(",") for g in found)


def test_a_sentence_knows_its_words_and_trust() -> None:
    sure = to_sentence(said("Todo claro."))
    assert [w.text for w in sure.words] == ["Todo", "claro."]
    assert (sure.start, sure.end) == (sure.words[0].start, sure.words[-1].end)
    doubtful = to_sentence([replace(s, log_probability=-1.4, no_speech=0.7, voice=0.3) for s in said("Todo claro.")])
    assert 0 < doubtful.confidence < sure.confidence <= 1


# --- guards


def weak(text: str, start: float = 0.0, voice: float = 0.2, likely: float = -1.0) -> tuple[Spoken, ...]:
    return tuple(Spoken(replace(s.word, probability=0.35), likely, 0.5, voice) for s in said(text, start=start))


@pytest.mark.parametrize(
    "text",
    ["¡Suscríbete al canal!", "Thanks for watching!", "Merci d'avoir regardé cette vidéo.", "Vielen Dank.", "Obrigado.",
     "Grazie a tutti.", "y", "you"],
)  # fmt: skip
def test_phantoms_without_support_fall(text: str) -> None:
    assert not guards.genuine([weak(text)])


@pytest.mark.parametrize(
    "text",
    ["Subtítulos realizados por la comunidad de Amara.org", "Sous-titres réalisés par la communauté d'Amara.org",
     "Untertitel im Auftrag des ZDF, 2020", "Legendas pela comunidade Amara.org", "Transcription by CastingWords"],
)  # fmt: skip
def test_credits_always_fall(text: str) -> None:
    assert not guards.genuine([tuple(said(text))])


def test_a_speaker_may_say_subscribe() -> None:
    talk = [tuple(said("Hoy hemos visto tres recetas fáciles.")), tuple(said("¡Suscríbete al canal!", start=3.0))]
    assert len(guards.genuine(talk)) == 2
    assert len(guards.genuine([tuple(said("Suscríbete al canal de mi hermana, que cocina mejor que yo."))])) == 1


def test_a_clear_single_word_stays() -> None:
    assert guards.genuine([tuple(said("Banana."))])


def test_loops_are_kept_once() -> None:
    looping = said("bueno pues " + "y entonces me dijo " * 9 + "adiós")
    assert "".join(s.word.text for s in guards.unlooped(looping)) == " bueno pues y entonces me dijo adiós"
    chant = [s for n in range(9) for s in said("que se vayan", start=3.0 * n)]
    assert guards.unlooped(chant) == chant
    spoken = said("no, no, no, no, eso no, eso no")
    assert guards.unlooped(spoken) == spoken
    assert guards.loops("y " * 30)
    assert not guards.loops(
        "El contenido, como datos, modelos, pruebas y puntos de conexión, se organiza en proyectos."
    )


def test_two_hearings_agree_only_on_what_is_there() -> None:
    first, second = said("la la tierra canta hoy"), said("la otra tierra baila hoy", start=0.1)
    assert "".join(s.word.text for s in guards.agreed(first, second)).split() == ["la", "la", "tierra", "hoy"]


# --- the transcriber with a recogniser of our own


class Parrot:
    """Hears ``text`` in the loud part of every chunk; records what it was asked."""

    def __init__(self, text: str = "hola mundo", batch: int = 4, speaks: Sequence[str] = ("es",)) -> None:
        self.text, self.batch, self.speaks = text, batch, list(speaks)
        self.asked: list[tuple[int, str]] = []
        self.voted = 0

    def languages(self, given: Sequence[Chunk]) -> list[Mapping[str, float]]:
        found: list[Mapping[str, float]] = []
        for _ in given:
            code = self.speaks[min(self.voted, len(self.speaks) - 1)]
            self.voted += 1
            found.append({code: 0.9, "gl" if code != "gl" else "pt": 0.1})
        return found

    def within(self, chunk: Chunk, spans: Sequence[Span]) -> list[Mapping[str, float]]:
        return self.languages([chunk.part(span) for span in spans])

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        return [() for _ in chunks]

    def listen(
        self, given: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        self.asked.append((len(given), language))
        return [self.hear(c) for c in given]

    def hear(self, chunk: Chunk) -> Heard:
        found = []
        for run in sound_runs(chunk):
            pace = run.duration / max(1, len(self.text.split()))
            for n, word in enumerate(self.text.split()):
                found.append(HeardWord(run.start + n * pace, run.start + (n + 1) * pace, " " + word, 0.9))
        return Heard(tuple(found), -0.2, 0.01)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path, data_dir=tmp_path)


@pytest.fixture
def loud_is_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.speech.transcriber.load_session", LoudIsVoice)


def transcribe(recogniser: Parrot, source: object, settings: Settings, **options: object) -> Transcript:
    return Transcriber(settings, pick("cpu"), recogniser).transcribe(source, **options)  # type: ignore[arg-type]


LONG = sound(*([(1.5, 0.0001), (2.0, 0.1)] * 60))


@pytest.mark.usefixtures("loud_is_voice")
def test_every_utterance_is_written_at_its_time(settings: Settings) -> None:
    found = transcribe(Parrot(), LONG, settings)
    assert found.language == "es"
    assert len(found.sentences) == 60
    assert [s.start for s in found.sentences] == pytest.approx([1.5 + 3.5 * n for n in range(60)], abs=0.05)
    assert [s.end for s in found.sentences] == pytest.approx([3.5 + 3.5 * n for n in range(60)], abs=0.05)
    assert found.duration == pytest.approx(LONG.duration, abs=0.05)
    assert transcribe(Parrot(), LONG, settings) == found


@pytest.mark.usefixtures("loud_is_voice")
def test_blocks_in_a_stream_give_the_same(settings: Settings) -> None:
    whole = transcribe(Parrot(), LONG, settings, language="es")
    streamed = transcribe(Parrot(), blocks(LONG, 5.0), settings, language="es")
    assert streamed.sentences == whole.sentences


@pytest.mark.usefixtures("loud_is_voice")
def test_progress_rises_and_cancelling_stops(settings: Settings) -> None:
    seen: list[float] = []
    transcribe(Parrot(batch=1), LONG, settings, language="es", report=lambda f, m: seen.append(f))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 3
    parrot = Parrot(batch=1)

    def stop(fraction: float, message: Message) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        transcribe(parrot, LONG, settings, language="es", report=stop)
    assert 0 < len(parrot.asked) < len(seen)


@pytest.mark.usefixtures("loud_is_voice")
def test_the_language_is_voted_for_not_taken_from_the_beginning(settings: Settings) -> None:
    parrot = Parrot(speaks=["en", "es", "es", "es", "es", "es", "es", "es"])
    found = transcribe(parrot, LONG, settings)
    assert found.language == "es"
    assert {code for _, code in parrot.asked} == {"es"}


@pytest.mark.usefixtures("loud_is_voice")
def test_a_long_introduction_in_another_language_is_outvoted(settings: Settings) -> None:
    audio = sound(*([(1.5, 0.0001), (2.0, 0.1)] * 200))
    parrot = Parrot(speaks=["en"] * 8 + ["es"] * 100)
    found = transcribe(parrot, audio, settings)
    assert found.language == "es"
    assert parrot.asked[-1][1] == "es"
    assert "doubt.language_mixed" in {d.code for d in found.doubts}


@pytest.mark.usefixtures("loud_is_voice")
def test_a_given_language_is_not_questioned(settings: Settings) -> None:
    parrot = Parrot(speaks=["en"])
    found = transcribe(parrot, LONG, settings, language="es")
    assert (found.language, found.language_probability, parrot.voted) == ("es", 1.0, 0)


@pytest.mark.usefixtures("loud_is_voice")
def test_silence_asks_nobody(settings: Settings) -> None:
    parrot = Parrot("¡Suscríbete al canal!")
    found = transcribe(parrot, sound((30, 0.0)), settings)
    assert (found.sentences, found.language, parrot.asked) == ((), "", [])
    assert found.duration == pytest.approx(30, abs=0.05)


@pytest.mark.usefixtures("loud_is_voice")
def test_what_was_left_out_is_heard_again(settings: Settings) -> None:
    class Lazy(Parrot):
        """Writes down the first utterance of a chunk alone, as batched decoding sometimes does."""

        def hear(self, chunk: Chunk) -> Heard:
            heard = super().hear(chunk)
            return replace(heard, words=heard.words[:2])

    found = transcribe(Lazy(), sound((1, 0.0001), (2.0, 0.1), (2, 0.0001), (2.0, 0.1), (1, 0.0001)), settings)
    assert [s.start for s in found.sentences] == pytest.approx([1.0, 5.0], abs=0.05)


@pytest.mark.usefixtures("loud_is_voice")
def test_quiet_recordings_are_amplified(settings: Settings) -> None:
    audio = sound(*([(1.5, 0.000001), (2.0, 0.003)] * 5))
    found = transcribe(Parrot(), audio, settings)
    assert len(found.sentences) == 5
    assert "doubt.quiet_speech" in {d.code for d in found.doubts}


def test_an_unknown_model_falls_back_and_says_so(settings: Settings) -> None:
    made = Transcriber(replace(settings, whisper_model="tiny"), pick("cpu"))
    assert made._recognisers.folder.name == "whisper-base"
    assert [d.code for d in made._recognisers.doubts] == ["doubt.other_whisper"]


# --- real models


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Transcriber:
    return Transcriber(Settings(models_dir=tmp_path_factory.mktemp("models")), pick("cpu"))


@pytest.mark.models
def test_real_speech_and_the_word_after_a_long_silence(real: Transcriber, media: Path) -> None:
    found = real.transcribe(media / "films" / "auto-editor_example.mp4")
    assert found.language == "en"
    assert "example video" in found.text
    first, last = found.sentences[0], found.sentences[-1]
    assert "banana" in last.text.lower()
    assert last.start == pytest.approx(39.98, abs=0.08)
    assert last.end == pytest.approx(40.46, abs=0.12)
    assert first.start < 1.0
    assert not [w for s in found.sentences for w in s.words if 17.6 < w.start < 39.8]


@pytest.mark.models
@pytest.mark.parametrize("kind", ["tone", "noise", "hum"])
def test_no_word_where_nobody_speaks(real: Transcriber, kind: str) -> None:
    time = np.arange(RATE * 8) / RATE
    made = {
        "tone": 0.3 * np.sin(2 * np.pi * 440 * time),
        "noise": np.random.default_rng(11).normal(0, 0.1, len(time)),
        "hum": 0.2 * np.sum([np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 8)], axis=0),
    }
    assert real.transcribe(Audio(made[kind].astype(np.float32), RATE)).sentences == ()


@pytest.mark.models
@pytest.mark.slow
def test_film_music_has_no_words(real: Transcriber, media: Path) -> None:
    assert real.transcribe(media / "films" / "bbb_480p_171s_5.1.mp4").sentences == ()


@pytest.mark.models
@pytest.mark.slow
def test_both_recognisers_hear_the_same(tmp_path: Path, media: Path) -> None:
    from pipeline.media.decode import load_audio

    audio = load_audio(media / "speech" / "es" / "azure_audio2.flac", span=Span(0.0, 12.0))
    found = [
        Transcriber(Settings(models_dir=tmp_path, speech_backend=name), pick("cpu")).transcribe(audio)
        for name in ("faster-whisper", "openai-whisper")
    ]
    first, second = ([guards.plain(w.text) for s in f.sentences for w in s.words] for f in found)
    assert found[0].language == found[1].language == "es"
    assert len(set(first) & set(second)) >= 0.8 * len(set(first))
    starts = [{guards.plain(w.text): w.start for s in f.sentences for w in s.words} for f in found]
    apart = [abs(starts[0][w] - starts[1][w]) for w in set(starts[0]) & set(starts[1]) if first.count(w) == 1]
    assert np.median(apart) < 0.1


class Card(Parrot):
    """A recogniser that hears the first batch only when the sound of the next is there, and as long as that comes."""

    def __init__(self, read: list[float], wait: float) -> None:
        super().__init__(batch=2)
        self.read, self.wait, self.seen = read, wait, list[float]()

    def listen(
        self, given: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        until = time.monotonic() + self.wait
        while time.monotonic() < until and max(self.read) < given[-1].end + 60.0 and max(self.read) < LONG.duration - 5:
            time.sleep(0.01)
        self.seen.append(max(self.read) - given[-1].end)
        return super().listen(given, language, careful=careful, names=names)


@pytest.mark.usefixtures("loud_is_voice")
def test_a_card_hears_while_the_next_batch_is_read(settings: Settings) -> None:
    def heard(kind: str, wait: float) -> tuple[Transcript, list[float]]:
        read: list[float] = []

        def source() -> Iterator[Audio]:
            for block in blocks(LONG, 5.0):
                read.append(block.end)
                yield block

        card = Card(read, wait)
        device = Device(kind, kind, "float32")  # type: ignore[arg-type]
        found = Transcriber(settings, device, card).transcribe(source, language="es", duration=LONG.duration)
        return found, card.seen

    plain, behind = heard("cpu", 0.0)
    beside, ahead = heard("cuda", 20.0)
    assert plain == beside
    assert max(behind) < 30.0  # the processor reads what it is about to hear
    assert ahead[0] >= 55.0  # while a card hears two chunks, the next two are read
