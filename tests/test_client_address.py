"""The client's address: nothing that the client itself can write into a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.capture.client_address import client_address, networks
from prooftrail.errors import ConfigurationError

TRUSTED = networks(["10.0.0.0/8", "2001:db8:ffff::/48"])
HEADERS = st.lists(st.text(max_size=80), max_size=5)


@given(HEADERS)
def test_what_the_client_writes_never_counts(claims: list[str]) -> None:
    # the proxy appends whom it saw to whatever the client sent
    header = [*claims, "203.0.113.9"]
    assert client_address("10.0.0.1", header, TRUSTED) == "203.0.113.9"


@given(HEADERS)
def test_a_header_of_a_peer_that_is_no_proxy_does_not_count(claims: list[str]) -> None:
    assert client_address("198.51.100.7", claims, TRUSTED) == "198.51.100.7"
    assert client_address("198.51.100.7", claims, ()) == "198.51.100.7"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("203.0.113.9:1234, 10.0.0.2:80", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1, 2001:db8:ffff::2", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, unknown, 10.0.0.2", "10.0.0.2"),
        ("6.6.6.6,, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", "10.0.0.1"),
        ("<script>", "10.0.0.1"),
        (", ".join(["6.6.6.6"] + ["10.0.0.2"] * 100), "10.0.0.2"),
    ],
)
def test_a_proxy_is_believed_as_far_as_it_can_be(header: str, found: str) -> None:
    assert client_address("10.0.0.1", [header], TRUSTED) == found
    assert client_address("::ffff:10.0.0.1", header.split(","), TRUSTED) == found


def test_a_peer_that_is_no_address_is_none() -> None:
    assert client_address("", ["203.0.113.9"], TRUSTED) is None
    assert client_address("/run/socket", [], TRUSTED) is None
    assert client_address(None, ["203.0.113.9"], TRUSTED) is None


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy", ""])
def test_a_proxy_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigurationError, match="trusted prox"):
        networks([text])


def test_one_text_is_no_list() -> None:
    with pytest.raises(ConfigurationError, match="list"):
        networks("10.0.0.0/8")
