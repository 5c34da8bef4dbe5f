"""A :class:`pipeline.values.Transcript` as a file of subtitles: SRT, WebVTT, text, and ASS with the spoken word highlighted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.captions.cues import cues
from pipeline.captions.script import to_ass
from pipeline.speech.clock import clean
from pipeline.values import Transcript


def to_srt(transcript: Transcript) -> str:
    """SubRip."""
    blocks = []
    for number, cue in enumerate(cues(transcript), 1):
        text = "\n".join(line.replace("-->", "→") for line in cue.lines)
        blocks.append(f"{number}\n{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}\n{text}\n")
    return "\n".join(blocks)


def to_vtt(transcript: Transcript) -> str:
    """WebVTT (W3C), text escaped."""
    blocks = ["WEBVTT\n"]
    for cue in cues(transcript):
        text = "\n".join(cue.lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{text}\n")
    return "\n".join(blocks)


def to_text(transcript: Transcript) -> str:
    """One sentence a line."""
    return "".join(clean(s.text) + "\n" for s in transcript.sentences if clean(s.text))


def _stamp(seconds: float, point: str) -> str:
    ms = max(0, round(seconds * 1000))
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{point}{ms % 1000:03d}"


@dataclass(frozen=True, slots=True)
class SubtitleForm:
    """A way to write what is said. ``name`` is what requests call it and the file's suffix, ``label`` the message that offers it
    with a clip, empty where it does not lie beside clips; ``with_transcripts`` ones lie beside the transcript of a whole file."""

    name: str
    write: Callable[[Transcript], str]
    label: str = ""
    with_transcripts: bool = False

    @property
    def with_clips(self) -> bool:
        """Whether it lies beside every clip."""
        return bool(self.label)


SUBTITLES: Mapping[str, SubtitleForm] = {
    form.name: form
    for form in (
        SubtitleForm("srt", to_srt, "ui.download_srt", with_transcripts=True),
        SubtitleForm("vtt", to_vtt, "ui.download_vtt", with_transcripts=True),
        SubtitleForm("txt", to_text, with_transcripts=True),
        SubtitleForm("ass", lambda transcript: to_ass(transcript, (1080, 1920))),
    )
}
"""Every form there is; a new one is one entry (and its label in the locales where it lies beside clips)."""


def write(transcript: Transcript, form: str) -> str:
    """The transcript in one of :data:`SUBTITLES`.

    Raises:
        ValueError: another form.
    """
    if form not in SUBTITLES:
        raise ValueError(f"no caption form {form!r}; one of {', '.join(SUBTITLES)}")
    return SUBTITLES[form].write(transcript)
