"""Which recogniser hears: that of the settings where it runs, else torch's, else the processor's. Loaded on first use."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from pipeline.compute.device import Device, first_line, in_batches, sparing
from pipeline.compute.models import BUNDLED_WHISPER, whisper_folder
from pipeline.errors import ModelUnavailable
from pipeline.messages import Message
from pipeline.settings import Settings
from pipeline.speech.backends import BACKENDS, Backend, Place, on_torch
from pipeline.speech.values import Recogniser
from pipeline.speech.voice import Hearing, VoiceDetector, chunks
from pipeline.values import Audio

R = TypeVar("R")
T = TypeVar("T")
UNKNOWN = 8
"""Chunks that wait while the recogniser is loaded."""
EVERYTHING = Hearing(on=0.0, off=-1.0, pad=0.0)


class Recognisers:
    """The recogniser of the settings on the device, and the one that spares it; ``given`` stands for both."""

    def __init__(self, settings: Settings, device: Device, given: Recogniser | None = None) -> None:
        self._settings, self._device, self._given = settings, device, given
        self.doubts: tuple[Message, ...] = ()

    @property
    def batch(self) -> int:
        """Chunks heard at once."""
        return self._recogniser.batch

    @property
    def ahead(self) -> int:
        """Chunks that may wait while others are heard: a batch, where that is known; 0 where the processor hears, which reading and
        the voice detector would only keep from it."""
        if not self._device.is_card:
            return 0
        return self._recogniser.batch if "_recogniser" in self.__dict__ else UNKNOWN

    def in_batches(self, group: Sequence[T], work: Callable[[Recogniser, Sequence[T]], list[R]]) -> list[R]:
        """``work(recogniser, part)`` over ``group`` in order; what does not fit on a GPU is done by the processor."""
        on_gpu = self._given is None and self._device.is_card
        spare = (lambda part: work(self._processor, part)) if on_gpu else None
        return in_batches(group, self._recogniser.batch, lambda part: work(self._recogniser, part), spare)

    @functools.cached_property
    def folder(self) -> Path:
        """The weights: the wanted ones, or, with a doubt, those that come with the product.

        Raises:
            ModelUnavailable: neither are there.
        """
        try:
            return whisper_folder(self._settings)
        except ModelUnavailable:
            if self._settings.whisper_model == BUNDLED_WHISPER:
                raise
            wanted = self._settings.whisper_model
            self.doubts += (Message("doubt.other_whisper", {"wanted": wanted, "used": BUNDLED_WHISPER}),)
            return whisper_folder(replace(self._settings, whisper_model=BUNDLED_WHISPER))

    @functools.cached_property
    def _recogniser(self) -> Recogniser:
        return self._given or sparing(self._device.kind, self._loaded)

    @property
    def _wanted(self) -> Backend:
        return BACKENDS[self._settings.speech_backend]

    def _loaded(self, kind: str) -> Recogniser:
        if kind == "cpu":
            return self._processor
        if self._wanted.on_torch:
            return self._made(self._wanted, kind)
        try:
            return tried(self._made(self._wanted, kind))
        except ModelUnavailable as error:
            why = {"wanted": self._wanted.name, "detail": first_line(error.__cause__ or error)}
            self.doubts += (Message("doubt.other_recogniser", why),)
            return self._made(on_torch(), kind)

    @functools.cached_property
    def _processor(self) -> Recogniser:
        return self._made(self._wanted, "cpu")

    def _made(self, backend: Backend, kind: str) -> Recogniser:
        memory = self._device.memory if kind == self._device.kind else 0
        place = Place(kind, self._device.torch_dtype, self._threads, backend.batch(kind), memory)
        return backend.load(self.folder, place)

    @property
    def _threads(self) -> int:
        return max(1, math.floor(self._settings.max_cpus)) if self._settings.max_cpus else (os.cpu_count() or 1)


def tried(recogniser: Recogniser) -> Recogniser:
    """``recogniser`` after it has heard a second of silence: missing CUDA libraries only show then.

    Raises:
        ModelUnavailable: it cannot compute.
    """
    silence = Audio(np.zeros(16384, np.float32), 16000)
    try:
        recogniser.languages(list(chunks([silence], VoiceDetector(), EVERYTHING)))
    except RuntimeError as error:
        raise ModelUnavailable(name="whisper", detail=str(error)) from error
    return recogniser
