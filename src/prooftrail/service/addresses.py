"""Which addresses a webhook may be sent to.

Guarantees: an address passes only if it, and every IPv4 address that an IPv6 one can
carry (mapped, compatible, 6to4, Teredo, NAT64, ISATAP), is a public one of a single
machine; private, loopback, link-local, shared, multicast, reserved and documentation
addresses do not, nor those at which clouds answer with credentials. What the operator
allowed explicitly passes.

Source: RFC 6890 and its registries; RFC 6052 (NAT64), 3056 (6to4), 4380, 5214; OWASP
Server-Side Request Forgery Prevention Cheat Sheet.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, TypeAlias

from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Network: TypeAlias = IPv4Network | IPv6Network

# Public by their number, and yet a cloud's own.
_METADATA = frozenset({IPv4Address("168.63.129.16")})
# Local by their registry, whatever a version of Python says of them.
_LOCAL: tuple[Network, ...] = (
    ip_network("64:ff9b:1::/48"),  # NAT64 of one's own, RFC 8215
    ip_network("192.0.0.0/24"),
    ip_network("100.64.0.0/10"),
    ip_network("fec0::/10"),  # once site-local
    ip_network("3fff::/20"),  # documentation, RFC 9637
    ip_network("5f00::/16"),  # segment routing, RFC 9602
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
_LOW = 2**32 - 1


def parse_network(text: str) -> Network:
    """Read a network, or a single address.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{text!r} is no network: write it as 10.1.2.0/24 or fd00:1::/64"
        ) from error


def refusal(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """Say why an address must not be connected to; None if it may.

    >>> refusal("93.184.215.14") is None
    True
    >>> refusal("::ffff:10.0.0.1")
    '10.0.0.1 is no public address'
    """
    try:
        given = ip_address(address)
    except ValueError:
        return f"{address!r} is no address"
    if isinstance(given, IPv6Address):
        given = _meant(given)
    if any(given.version == one.version and given in one for one in allowed):
        return None
    for one in (given, *_carried(given)):
        if not _is_public(one):
            through = "" if one == given else f" (within {given})"
            return f"{one}{through} is no public address"
    return None


def _meant(given: IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one is nothing but another spelling of."""
    if given in _NAT64:
        return IPv4Address(int(given) & _LOW)
    return given.ipv4_mapped or given


def _is_public(one: IPv4Address | IPv6Address) -> bool:
    if one in _METADATA or any(one in net for net in _LOCAL if _same(one, net)):
        return False
    odd = one.is_multicast or one.is_reserved or one.is_unspecified
    return one.is_global and not (odd or one.is_loopback or one.is_link_local)


def _same(one: IPv4Address | IPv6Address, net: Network) -> bool:
    return one.version == net.version


def _carried(given: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses to which an IPv6 address may lead in the end."""
    if not isinstance(given, IPv6Address):
        return
    low = IPv4Address(int(given) & _LOW)
    if given.sixtofour is not None:
        yield given.sixtofour
    if given.teredo is not None:
        yield from given.teredo
    isatap = (int(given) >> 32) & _LOW in _ISATAP
    if given in _COMPATIBLE or isatap:
        yield low
