"""Is the page's preview of captions what is burned in? Every look, in Spanish, English, Arabic, Chinese and with emoji, in a real browser.

A clip is rendered twice without loss, with captions and without. The browser's captions are laid over the frame without them, in the
format of the film (YUV 4:2:0), and compared with the frame that has them, wherever either differs from the bare picture.

``python -m benchmarks.preview``
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import places
from pipeline.captions import fonts, script
from pipeline.captions.styles import STYLES
from pipeline.media import ffmpeg
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.speech.clock import words_of
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript

SIZE = (1080, 1920)
TIME, FPS, LENGTH = 0.6, 5, 1.0
LEVELS = 16
GOAL = 0.99
TEXTS: Mapping[str, str] = {
    "es": "¡Mañana te llevas el descuento increíble que nadie más tiene!",
    "en": "You will not believe what happened on that beautiful day",
    "ar": "لا تصدق ماذا حدث في هذا اليوم الجميل",
    "zh": "今天我们来看看这个非常便宜的东西吧",
    "emoji": "Esto es 🔥🔥 y me encanta 😂 de verdad 🎉",
}
Planes = tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]


def said(text: str, language: str) -> Transcript:
    """The text as one sentence of three seconds."""
    words = words_of(Sentence(0.0, 3.0, text), language)
    return Transcript(language, 3.0, (Sentence(0.0, 3.0, text, tuple(words)),))


def planes(film: Path) -> Planes:
    """The frame at :data:`TIME` as the film holds it: Y (h, w), U and V (h / 2, w / 2)."""
    raw = film.with_suffix(".yuv")
    at = [
        "-ss",
        f"{TIME - 0.5 / FPS:.3f}",
        *ffmpeg.safe_input(film),
        "-frames:v",
        "1",
        "-pix_fmt",
        "yuv420p",
        "-f",
        "rawvideo",
    ]
    ffmpeg.run([*at, "-y", ffmpeg.safe_output(raw)])
    data = np.frombuffer(raw.read_bytes(), np.uint8).astype(np.int16)
    width, height = SIZE
    n, m = width * height, width * height // 4
    small = (height // 2, width // 2)
    return data[:n].reshape(height, width), data[n : n + m].reshape(small), data[n + m : n + 2 * m].reshape(small)


def laid_over(bare: Planes, overlay: NDArray[np.uint8]) -> Planes:
    """``overlay`` (h, w, RGBA) over a frame, in YUV (BT.709, limited range), chroma as the mean of two by two pixels."""
    rgb = overlay[..., :3].astype(np.float64) / 255
    alpha = overlay[..., 3].astype(np.float64) / 255
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722])
    blue, red = (rgb[..., 2] - luma) / 1.8556, (rgb[..., 0] - luma) / 1.5748
    y = bare[0] * (1 - alpha) + (16 + 219 * luma) * alpha

    def halved(values: NDArray[np.float64]) -> NDArray[np.float64]:
        height, width = values.shape
        return np.asarray(values.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)))

    cover = halved(alpha)
    u = bare[1] * (1 - cover) + halved((128 + 224 * blue) * alpha)
    v = bare[2] * (1 - cover) + halved((128 + 224 * red) * alpha)
    return tuple(np.round(p).astype(np.int16) for p in (y, u, v))  # type: ignore[return-value]


def agreement(bare: Planes, burned: Planes, shown: Planes) -> tuple[float, int]:
    """(share of the captions' pixels that lie within :data:`LEVELS` in all three planes, how many pixels captions have)."""

    def full(plane: NDArray[np.int16], like: NDArray[np.int16]) -> NDArray[np.int16]:
        return plane if plane.shape == like.shape else np.repeat(np.repeat(plane, 2, 0), 2, 1)

    like = bare[0]
    pairs = [(full(b, like), full(f, like), full(s, like)) for b, f, s in zip(bare, burned, shown, strict=True)]
    mask = np.any([(abs(f - b) > 2) | (abs(s - b) > 2) for b, f, s in pairs], axis=0)
    right = np.all([abs(f - s) <= LEVELS for _, f, s in pairs], axis=0)
    return float(right[mask].mean()) if mask.any() else 0.0, int(mask.sum())


class _Files(SimpleHTTPRequestHandler):
    """The files that the page's own routes give, and an empty page."""

    def translate_path(self, path: str) -> str:
        name = path.rpartition("/")[2]
        if "/fonts/" in path:
            return str(fonts.FOLDER / name)
        return (
            str(places.brought("assets", "captions", name)) if name else str(places.brought("benchmarks", "blank.html"))
        )

    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>preview</title>")
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def browser_page() -> Iterator[Any]:
    """A page of a real browser that has the product's drawing of captions, ``draw(shown, time)`` → PNG in base 64."""
    from playwright.sync_api import sync_playwright

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory="/nonexistent"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code = places.brought("assets", "page", "captions.js").read_text(encoding="utf-8")
    drawing = (
        "window.draw = (() => { const draw = captionsWorker('/page/captions/'); return async ([shown, time]) => { const canvas = "
        "document.createElement('canvas'); await draw(canvas, shown, time); return canvas.toDataURL().split(',')[1]; }; })();"
    )
    try:
        with sync_playwright() as driver:
            found = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = found.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.add_script_tag(content=code + drawing)
            yield page
            found.close()
    finally:
        server.shutdown()


def drawn(page: Any, text: str) -> NDArray[np.uint8]:
    """The captions of a script as the browser draws them, (h, w, RGBA)."""
    from PIL import Image

    names = [f"/page/captions/fonts/{face.file}" for face in fonts.named(text)]
    shown = {"script": text, "width": SIZE[0], "height": SIZE[1], "fontUrls": names}
    data = page.evaluate("window.draw", [shown, TIME])
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


def measured(styles: Mapping[str, Any], texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A row for each look and text: share of pixels that agree, and pixels."""
    with tempfile.TemporaryDirectory(prefix="preview-bench-") as name, browser_page() as page:
        folder = Path(name)
        source = folder / "source.mkv"
        picture = f"gradients=s={SIZE[0]}x{SIZE[1]}:r={FPS}:d={LENGTH + 1}:c0=0x304060:c1=0xa08050:seed=3:speed=0.00001"
        ffmpeg.run(
            [
                "-f",
                "lavfi",
                "-i",
                picture,
                "-c:v",
                "libx264",
                "-qp",
                "0",
                "-preset",
                "ultrafast",
                ffmpeg.safe_output(source),
            ]
        )
        plan = Timeline((Cut(str(source), Span(0.0, LENGTH), 0.0),))
        plain = RenderOptions(loudness=None, crf=0, preset="ultrafast", encoder="libx264")
        render(plan, folder / "bare.mp4", plain)
        bare = planes(folder / "bare.mp4")
        for style in styles:
            for language, text in texts.items():
                transcript = said(text, "es" if language == "emoji" else language)
                options = RenderOptions(
                    loudness=None,
                    crf=0,
                    preset="ultrafast",
                    encoder="libx264",
                    captions=transcript,
                    style=styles[style],
                )
                out = folder / "burned.mp4"
                render(plan, out, options)
                overlay = drawn(page, script.to_ass(transcript, SIZE, styles[style]))
                share, n = agreement(bare, planes(out), laid_over(bare, overlay))
                yield {"style": style, "text": language, "within": share, "pixels": n}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--style", choices=tuple(STYLES), action="append", help="only these")
    options = parser.parse_args()
    rows = []
    for row in measured({n: s for n, s in STYLES.items() if not options.style or n in options.style}, TEXTS):
        rows.append(row)
        line = f"{row['style']:12s} {row['text']:6s} {100 * row['within']:6.2f} %  of {row['pixels']:7d}"
        print(json.dumps(row) if options.json else line, flush=True)
    worst = min(rows, key=lambda r: float(r["within"]))
    good = sum(r["within"] >= GOAL for r in rows)
    print(
        f"worst {100 * worst['within']:.2f} % ({worst['style']}, {worst['text']}); {good} of {len(rows)} at 99 % or more"
    )


if __name__ == "__main__":
    main()
