"""What an exception says of how something ended."""

from __future__ import annotations

import urllib.error
from email.message import Message

import pytest
from django.core.exceptions import PermissionDenied
from starlette.exceptions import HTTPException
from werkzeug.exceptions import Forbidden

from prooftrail.capture.outcome import of_exception


class AccessDeniedError(Exception):
    """An application's own."""


class Unavailable(Exception):  # noqa: N818  as clients of services name theirs
    """What a client of another service raises."""

    status_code = 403


@pytest.mark.parametrize(
    "error",
    [
        PermissionError("not yours"),
        PermissionDenied(),
        Forbidden(),
        HTTPException(403),
        AccessDeniedError(),
    ],
)
def test_who_acts_was_refused(error: Exception) -> None:
    assert of_exception(error) == "denied"


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied", "/srv/export.csv"),
        urllib.error.HTTPError("http://x", 403, "Forbidden", Message(), None),
        Unavailable(),
        HTTPException(404),
    ],
)
def test_this_application_was_refused_or_failed(error: Exception) -> None:
    assert of_exception(error) == "failure"
