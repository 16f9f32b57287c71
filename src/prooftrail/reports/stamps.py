"""A trusted time of a report's signature: what stands beside it, and what it says.

Guarantees: the time-stamp token is kept as its authority made it, and bound by a
signature of the report's own key (`bound`): no byte of it can be another one without
that being found. What a token says is told only if it is over the report's
signature and signed by the certificate that it names. Whether that is an authority's,
the caller's certificates say: without one nobody vouches for the time.

Does not: ask whether a certificate was revoked; nothing of the network is asked.

Source: RFC 3161, RFC 5816; ETSI EN 319 142-1 (PAdES B-T); RFC 5652, 11; docs/adr/0018.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cryptography.hazmat.primitives import serialization

from prooftrail.core import instants
from prooftrail.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

MOST: Final = 12_000  # bytes of a token
# an arc of a UUID of its own (ITU-T X.667): nobody else's, and nobody registers it
BOND: Final = "2.25.105514143029330440503251735390543734366"
_STAMP: Final = "1.2.840.113549.1.9.16.2.14"  # signature-time-stamp-token, RFC 3161
_LABEL: Final = b"prooftrail report time-stamp 1\n"


class Stamped(NamedTuple):
    """What stands beside a signature."""

    token: bytes  # DER of a time-stamp token
    bond: bytes  # the report key's signature over it


class Stamp(NamedTuple):
    """What a token says."""

    time: str  # when, UTC
    by: str  # the authority's name, as its certificate has it
    trusted: bool  # whether a certificate of the caller's vouches for it


def bound(signature: bytes, token: bytes) -> bytes:
    """Return the bytes that the report's key signs to bind a token.

    No other signature of this key is over such bytes: what a report's is over begins
    with 0x31.
    """
    return _LABEL + sha256(signature).digest() + sha256(token).digest()


def attributes(stamped: Stamped) -> Any:  # noqa: ANN401  asn1crypto ships no types
    """Return the unsigned attributes of a signature that is stamped."""
    from asn1crypto import cms, core  # noqa: PLC0415  an extra

    token = cms.ContentInfo.load(stamped.token, strict=True)
    bond = core.OctetString(stamped.bond)
    return cms.CMSAttributes(
        [
            {"type": "signature_time_stamp_token", "values": [token]},
            {"type": BOND, "values": cms.SetOfAny([core.Any(bond)])},
        ]
    )


def read(info: Any) -> Stamped | None:  # noqa: ANN401
    """Return what stands beside a signature, None where nothing does.

    Args:
        info: SignerInfo, of asn1crypto.

    Raises:
        FormatError: something else stands there.
    """
    from asn1crypto import core  # noqa: PLC0415

    values = info["unsigned_attrs"]
    if isinstance(values, core.Void):
        return None
    found = {one["type"].dotted: one["values"] for one in values}
    if len(values) != 2 or set(found) != {_STAMP, BOND}:  # noqa: PLR2004
        raise FormatError("what stands beside the signature is no time-stamp of ours")
    [token] = found[_STAMP]
    [bond] = found[BOND]
    return Stamped(token.dump(), core.OctetString.load(bond.dump(), strict=True).native)


def look(
    token: bytes, signature: bytes, authorities: Sequence[Certificate] = ()
) -> Stamp:
    """Return what a token says.

    Args:
        token: DER.
        signature: that it has to be over.
        authorities: certificates of the caller's, from elsewhere.

    Raises:
        FormatError: it is over something else, or not signed as it says.
    """
    try:
        return _look(token, signature, authorities)
    except FormatError:
        raise
    except Exception as error:  # pyHanko raises many kinds for what is none
        told = f"the time-stamp cannot be read ({type(error).__name__}: {error})"
        raise FormatError(told) from error


def _look(token: bytes, signature: bytes, authorities: Sequence[Certificate]) -> Stamp:
    import asyncio  # noqa: PLC0415

    from asn1crypto import cms, tsp, x509  # noqa: PLC0415
    from pyhanko.sign.validation import generic_cms  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    content = cms.ContentInfo.load(token, strict=True)
    signed = content["content"]
    info = signed["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise FormatError("what stands beside the signature is no time-stamp")
    imprint = info["message_imprint"]
    if (
        imprint["hash_algorithm"]["algorithm"].native != "sha256"
        or imprint["hashed_message"].native != sha256(signature).digest()
    ):
        raise FormatError("the time-stamp is over something else than this signature")
    at = info["gen_time"].native
    roots = [
        x509.Certificate.load(one.public_bytes(serialization.Encoding.DER))
        for one in authorities
    ]
    context = ValidationContext(
        trust_roots=roots, moment=at, best_signature_time=at, allow_fetching=False
    )
    status = asyncio.run(
        generic_cms.validate_tst_signed_data(
            signed, context, lambda name: _digest(name, signature)
        )
    )
    if not (status["intact"] and status["valid"]):
        raise FormatError("the time-stamp is not signed by the authority that it names")
    name = status["signing_cert"].subject.human_friendly
    us = int(at.timestamp()) * instants.SECOND + at.microsecond
    return Stamp(instants.text(us), name, bool(roots) and _trusted(status))


def _trusted(status: dict[str, Any]) -> bool:
    return (
        status["validation_path"] is not None
        and status["trust_problem_indic"] is None
        and status.get("error_time_horizon") is None
    )


def _digest(name: str, signature: bytes) -> bytes:
    if name != "sha256":
        raise FormatError(f"the time-stamp is over a digest by {name}")
    return sha256(signature).digest()
