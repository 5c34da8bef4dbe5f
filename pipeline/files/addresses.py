"""Which addresses of the network a visitor may make this machine talk to: public ones, decided on the resolved address.

Deciding on the address a connection really goes to makes every spelling of a name equal: decimal, octal, a DNS name
that points inside, a second answer for the same name. The check and the connection use one and the same resolution.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

import httpcore

from pipeline.errors import Forbidden

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is assigned to the public internet (RFC 4291, IANA's registry)."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3", "::/127", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
        "3fff::/20", "5f00::/16", "64:ff9b:1::/48", "fc00::/7",
        "fe80::/9", "ff00::/8",
    )
)  # fmt: skip
"""IANA special-purpose registries (RFC 6890 and updates), as of 2026; independent of what Python's version knows."""
PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1024
NOT_THE_WEB = frozenset(
    {
        1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
        1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 5900, 5984, 6379, 6443, 7001, 9042, 9092, 9200, 9300, 10250,
        11211, 27017, 27018,
    }
)  # fmt: skip
"""The ports that browsers refuse (WHATWG Fetch, "bad ports", from 1024 on), then those of databases, brokers and control planes."""


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    low = int(address) & 0xFFFFFFFF
    compatible = int(address) >> 32 == 0 and low > 1
    return ipaddress.IPv4Address(low) if compatible or address in NAT64 else address


def is_public(text: str) -> bool:
    """Whether an IP address (as text) belongs to the public internet."""
    try:
        address = embedded(ipaddress.ip_address(text))
    except ValueError:
        return False
    if getattr(address, "scope_id", None):
        return False
    if address.version == 6 and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in net for net in REFUSED if net.version == address.version)


def resolve(host: str, port: int) -> list[str]:
    """Every address of ``host``. Raises OSError when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_addresses(host: str, port: int) -> list[str]:
    """The addresses of ``host``, if all of them are public and the port is one of the web's.

    Raises:
        Forbidden: one of them is not. OSError: the name does not resolve.
    """
    if port not in PORTS and (port < FIRST_FREE_PORT or port in NOT_THE_WEB):
        raise Forbidden("error.url_private", name=f"{host}:{port}")
    addresses = resolve(host, port)
    if not addresses or not all(is_public(a) for a in addresses):
        raise Forbidden("error.url_private", name=host)
    return addresses


class PublicOnly(httpcore.NetworkBackend):
    """Opens connections to public addresses only: resolves once, checks, connects to that very address."""

    def __init__(self, allow_private: bool = False) -> None:
        self._sockets = httpcore.SyncBackend()
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """See :class:`httpcore.NetworkBackend`. Raises Forbidden, httpcore.ConnectError."""
        try:
            addresses = resolve(host, port) if self._allow_private else public_addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError(host)
        for address in addresses[:4]:
            try:
                return self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never. Raises Forbidden."""
        raise Forbidden("error.url_private", name="unix socket")
