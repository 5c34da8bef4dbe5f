"""Telling an address of somebody's that something has happened: one POST, by the same rules as a download."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any

import certifi
import httpcore

from pipeline.errors import BadGateway
from pipeline.files.addresses import PublicOnly
from pipeline.files.downloads import AGENT, checked
from pipeline.files.pace import Pace, Paced
from pipeline.settings import Settings

PATIENCE = 10.0
"""Seconds that the other side may take, all together; nobody waits for it."""


def post(url: str, body: Mapping[str, Any], settings: Settings, headers: Mapping[str, str] | None = None) -> None:
    """Sends ``body`` as JSON; redirects are not followed, and what is answered is not read.

    Raises:
        BadRequest: not an http(s) address. Forbidden: it leads to an address that is not public.
        BadGateway: nobody answers, or not with success.
    """
    url = checked(url)
    data = json.dumps(body, ensure_ascii=False).encode()
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    backend = Paced(PublicOnly(settings.allow_private_urls), Pace(lambda: None, PATIENCE))
    more: dict[bytes | str, bytes | str] = {name: value for name, value in (headers or {}).items()}
    sent: dict[bytes | str, bytes | str] = {
        "User-Agent": AGENT,
        "Content-Type": "application/json",
        "Content-Length": str(len(data)),
        **more,
    }
    try:
        with httpcore.ConnectionPool(ssl_context=context, network_backend=backend, max_connections=1) as pool:
            parts = httpcore.URL(url)
            host = parts.host.decode() + (f":{parts.port}" if parts.port else "")
            with pool.stream("POST", url, headers={"Host": host, **sent}, content=data) as response:
                status = response.status
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.UnsupportedProtocol, UnicodeError) as error:
        raise BadGateway(name=url[:200]) from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise BadGateway("error.url_incomplete", name=url[:200]) from error
    if not 200 <= status < 300:
        raise BadGateway("error.url_status", name=url[:200], status=status)
