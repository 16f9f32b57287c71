"""Ids and texts of events, without what reads as a personal value.

Guarantees: an id that is a pseudonym stays as it is; one that reads as an address of
mail, a telephone number or a name is shown by its mask, as the console shows protected
values of such classes. In other texts addresses of mail are masked.

Does not: find what reads as none of these, such as a name in a text, or in one word.
"""

from __future__ import annotations

import re
from typing import Final

from prooftrail.capture.protection import mask_of

_MAIL: Final = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_PHONE: Final = re.compile(r"\+[\d\s()./-]{6,}")
_NAME: Final = re.compile(r"[^\W\d_][^\W\d_.'-]*(?: [^\W\d_][^\W\d_.'-]*){1,3}")


def masked(ref: str) -> str:
    """Return an id as it is shown: a pseudonym as it is, a personal value masked.

    >>> masked("cust_x7y8z9"), masked("dani@company.com"), masked("+41 44 668 18 00")
    ('cust_x7y8z9', 'd***@company.com', '***00')
    >>> masked("Ada Lovelace")
    'A. L.'
    """
    if "@" in ref:
        return unmailed(ref)
    if _PHONE.fullmatch(ref):
        return mask_of("contact.phone", ref)
    if _NAME.fullmatch(ref):
        return mask_of("person.name", ref)
    return ref


def unmailed(text: str) -> str:
    """Return a text in which addresses of mail are masked.

    >>> unmailed("asked by ada@example.org, twice")
    'asked by a***@example.org, twice'
    """
    return _MAIL.sub(lambda one: mask_of("contact.email", one.group()), text)
