"""The client's address behind proxies: what a header claims, only as far as it can be.

Guarantees: X-Forwarded-For is walked from the right, over proxies that are trusted; the
first address that is none of them is the client's. Whatever stands left of it anybody
could have written, and is never looked at. A header from a peer that is no trusted
proxy does not count. What is malformed ends the walk at the last good address.

Does not: read `Forwarded` (RFC 7239) or `X-Real-IP`.

Source: RFC 7239, section 8.1 (why such headers cannot be believed).
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]
    Address: TypeAlias = IPv4Address | IPv6Address

_HOPS = 32  # proxies that are walked over; more is no honest chain
_LONGEST = 64  # characters of an address with its port


def networks(given: Iterable[str]) -> Networks:
    """Return networks, from texts such as 10.0.0.0/8 and 192.0.2.1.

    Raises:
        ConfigurationError: one is none.
    """
    if isinstance(given, str):
        raise ConfigurationError(f"trusted proxies are a list: [{given!r}]")
    found = []
    for text in given:
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError as error:
            raise ConfigurationError(
                f"the trusted proxy {text[:60]!r} is no address and no network: write "
                "10.0.0.0/8 or 192.0.2.1"
            ) from error
    return tuple(found)


def client_address(
    peer: str | None, forwarded_for: Sequence[str], trusted: Networks
) -> str | None:
    """Return the address of who asks; None where not even the peer's is known.

    Args:
        peer: who is connected.
        forwarded_for: the values of X-Forwarded-For, as they came.
        trusted: proxies that are believed.

    >>> nets = networks(["10.0.0.0/8"])
    >>> client_address("10.0.0.1", ["6.6.6.6, 203.0.113.9, 10.0.0.2"], nets)
    '203.0.113.9'
    >>> client_address("198.51.100.7", ["203.0.113.9"], nets)
    '198.51.100.7'
    """
    found = None if peer is None else _address(peer)
    if found is None:
        return None
    if forwarded_for and trusted and _is_trusted(found, trusted):
        claims = ",".join(forwarded_for).rsplit(",", _HOPS)
        for claim in reversed(claims[-_HOPS:]):
            address = _address(claim)
            if address is None:
                break
            found = address
            if not _is_trusted(address, trusted):
                break
    return str(found)


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    """Return an address as proxies write it: with a port, in brackets, mapped."""
    text = text.strip().strip('"')
    if len(text) > _LONGEST:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=4096)
def _is_trusted(address: Address, trusted: Networks) -> bool:
    return any(address.version == one.version and address in one for one in trusted)
