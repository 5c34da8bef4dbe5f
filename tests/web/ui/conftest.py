"""A page with quick stand-ins for the work behind it, and a browser, one of each for a file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browsing import Place, chromium, page_server
from tests.page_kinds import PAGE_KINDS


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The page's service, its jobs and its settings."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("page")
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temp" / "gradio"))
        with page_server(folder, PAGE_KINDS) as found:
            yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    with chromium() as found:
        yield found
