"""Names that are told before listening: spelled where they are said, nowhere else, and nothing is encoded for it again."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from pipeline.compute.device import pick
from pipeline.settings import Settings
from pipeline.speech import transcriber as transcribing
from pipeline.speech.listening import Ear
from pipeline.speech.passages import Passage
from pipeline.speech.recognisers import Recognisers
from pipeline.speech.transcriber import Transcriber
from pipeline.speech.values import RATE, Chunk, ChunkPiece, Heard, HeardWord
from pipeline.speech.whisper import on_torch
from pipeline.speech.whisper.encoder import encode
from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper
from pipeline.speech.whisper.on_torch import OpenAIWhisper
from pipeline.speech.whisper.prompted import MOST_TOKENS, named, prompt, suspected
from pipeline.values import Audio, Span

NAMES = ("Zorblax",)


def words(text: str, start: float = 0.0) -> tuple[HeardWord, ...]:
    """Half a second a word."""
    return tuple(HeardWord(start + n / 2, start + n / 2 + 0.5, f" {word}", 0.9) for n, word in enumerate(text.split()))


def text(found: Sequence[HeardWord]) -> str:
    return "".join(w.text for w in found).strip()


def test_a_name_takes_the_place_of_what_sounds_like_it_at_its_time() -> None:
    first = words("the phone of more blacks is quick")
    found = named(first, words("the phone of Zorblax is quick", 0.1), NAMES)
    assert text(found) == "the phone of Zorblax is quick"
    assert (found[3].start, found[3].end) == (first[3].start, first[4].end)
    assert found[:3] == first[:3]
    assert found[4:] == first[5:]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("the phone is quick", "the phone Zorblax is quick"),  # nobody said it
        ("", "Zorblax"),
        ("thank you", "Zorblax"),  # dreamt, both of them
        ("the phone of more blacks", "a totally other text Zorblax with many more words"),  # the second lost its way
    ],
)
def test_a_name_that_stands_for_nothing_alike_is_not_taken(first: str, second: str) -> None:
    assert named(words(first), words(second), NAMES) == words(first)


def test_what_else_the_second_hearing_changed_stays_as_it_was_first_heard() -> None:
    found = named(words("we met in Rome at zor black"), words("we ate in Rome at Zorblax"), NAMES)
    assert text(found) == "we met in Rome at Zorblax"


def test_only_a_name_that_may_be_there_is_worth_a_second_hearing() -> None:
    assert suspected(words("the phone of more blacks"), ("Zorblax", "Kuberflix")) == NAMES
    assert suspected(words("the phone of Zorblax, is"), NAMES) == ()
    assert suspected(words("good morning everybody"), NAMES) == ()
    assert suspected((), NAMES) == ()


def test_a_prompt_holds_as_many_names_as_fit_and_no_control_tokens() -> None:
    def encode(text: str) -> list[int]:
        return [ord(c) for c in text]

    assert prompt(encode, ()) == ()
    assert prompt(encode, ("Ab", "<|endoftext|>")) == tuple(map(ord, " Ab, endoftext|>"))
    many = prompt(encode, ["name"] * 500)
    assert MOST_TOKENS - 6 < len(many) <= MOST_TOKENS
    assert prompt(encode, ["n" * 500]) == ()


class Told:
    """A recogniser that notes what it is told and then writes it."""

    batch = 8

    def __init__(self, first: str) -> None:
        self.first = first
        self.asked: list[tuple[str, ...]] = []

    def languages(self, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        return [{"en": 1.0} for _ in chunks]

    def within(self, chunk: Chunk, spans: Sequence[Span]) -> list[Mapping[str, float]]:
        return self.languages([chunk.part(span) for span in spans])

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        return [() for _ in chunks]

    def listen(
        self, chunks: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        if not careful:
            self.asked.append(tuple(names))
        said = " ".join(["the phone of", *names, "is quick"]) if names else self.first
        return [Heard(words(said), -0.2, 0.0) for _ in chunks]


@pytest.mark.parametrize(
    ("first", "names", "asked"),
    [
        ("the phone of more blacks is quick", ("Zorblax", "Quimbiq"), [(), ("Zorblax",)]),
        ("the phone of more blacks is quick", (), [()]),
        ("the phone is quick", ("Zorblax",), [()]),
    ],
)
def test_an_ear_listens_again_only_for_names_that_may_be_there(
    first: str, names: tuple[str, ...], asked: list[tuple[str, ...]]
) -> None:
    one = Told(first)
    piece = chunk(np.random.default_rng(1).normal(0, 0.1, 4 * RATE).astype(np.float32))
    ear = Ear(Recognisers(Settings(), pick("cpu"), one))
    said = ear.passage(Passage((piece,), "en", names=names))
    assert one.asked == asked
    assert ("Zorblax" in "".join(s.word.text for s in said.words)) == (len(asked) > 1)


def chunk(samples: np.ndarray[Any, Any]) -> Chunk:
    whole = (ChunkPiece(0.0, 0.0, len(samples) / RATE),)
    return Chunk(samples, whole, np.ones(len(samples) // 512 + 1, np.float32), 0.032)


# --- real models

SAID = "The new phone from Zorblax is very quick, and we bought it in the city last week. I think Zorblax will sell."
spoken = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no voice to speak with")


def speech(text: str) -> Audio:
    made = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", text], capture_output=True, check=True)
    with wave.open(io.BytesIO(made.stdout)) as sound:
        samples = np.frombuffer(sound.readframes(10**8), np.int16)
        return Audio((samples / 32768).astype(np.float32), sound.getframerate())


@pytest.fixture(scope="module", params=["faster-whisper", "openai-whisper"])
def real(request: pytest.FixtureRequest) -> Transcriber:
    return Transcriber(Settings(speech_backend=request.param), pick("cpu"))


@spoken
@pytest.mark.models
@pytest.mark.slow
def test_a_made_up_name_is_written_as_told_and_all_else_as_before(
    real: Transcriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    one: Any = real._recognisers._recogniser
    if isinstance(one, FasterWhisper):
        inner = one._states._encode

        def encoded_here(chunks: Sequence[Chunk], frames: int) -> Any:
            asked.append(len(chunks))
            return inner(chunks, frames)

        monkeypatch.setattr(one._states, "_encode", encoded_here)
    else:
        assert isinstance(one, OpenAIWhisper)

        def encoded_on_torch(model: Any, chunks: Sequence[Chunk], *rest: Any) -> Any:
            asked.append(len(chunks))
            return encode(model, chunks, *rest)

        monkeypatch.setattr(on_torch, "encode", encoded_on_torch)
    sound = speech(SAID)
    plain = real.transcribe(sound, language="en")
    encoded = sum(asked)
    told = real.transcribe(sound, language="en", names=("Quimbiq", "Zorblax"))
    assert "Zorblax" not in plain.text
    assert told.text.count("Zorblax") == 2
    assert "Quimbiq" not in told.text
    assert sum(asked) == 2 * encoded, "a second hearing takes the states of the first"
    known = [w.text for s in plain.sentences for w in s.words]
    assert {w.text for s in told.sentences for w in s.words} - set(known) <= {" Zorblax", "Zorblax"}
    starts = [w.start for s in told.sentences for w in s.words]
    assert starts == sorted(starts)


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["silence", "noise", "hum"])
def test_a_prompt_invents_nothing(real: Transcriber, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    time = np.arange(RATE * 8) / RATE
    made = {
        "silence": np.zeros(len(time)),
        "noise": np.random.default_rng(11).normal(0, 0.1, len(time)),
        "hum": 0.2 * np.sum([np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 8)], axis=0),
    }
    samples = made[kind].astype(np.float32)
    assert real.transcribe(Audio(samples, RATE), names=NAMES).sentences == ()
    said = real.hear(Passage((chunk(samples),), "en", names=NAMES))  # past the voice detector
    assert not [s for s in said.words if "zorb" in s.word.text.lower()]


def test_names_are_part_of_what_a_transcript_is_remembered_by(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.engine import Engine
    from pipeline.media.probe import Probes
    from pipeline.values import Transcript

    asked: list[tuple[str, ...]] = []

    class Heard:
        def __init__(self, *_: Any) -> None: ...

        def transcribe(self, path: Any, *, names: tuple[str, ...], **_: Any) -> Transcript:
            asked.append(names)
            return Transcript("en", 1.0, ())

    class Info:
        duration, others, path = 1.0, (), ""

    monkeypatch.setattr(transcribing, "Transcriber", Heard)
    monkeypatch.setattr(Probes, "__call__", lambda self, path: Info())
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    engine = Engine(Settings(data_dir=tmp_path / "data", use_subtitles=False, custom_words=("Acme",)))
    for names in ((), NAMES, NAMES, ("Quimbiq",), ()):
        engine.transcript(film, names=names)
    assert asked == [("Acme",), ("Zorblax", "Acme"), ("Quimbiq", "Acme")]
