"""Errors raised for the person who asked; routes turn them into problem documents."""

from __future__ import annotations


class DomainError(Exception):
    """Something the caller can mend.

    The message says what is wrong, `field` names the request's field or the file's column or
    table, `hint` says what to do. Instances survive pickling, since workers send them home.
    """

    def __init__(self, message: str, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, field, hint)
        self.message = message
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class NotFound(DomainError):
    """The named thing does not exist (404)."""


class Invalid(DomainError):
    """The request, a file or a setting cannot be used as it is (422)."""


class Conflict(DomainError):
    """The request contradicts what is already there (409)."""


class QueueFull(DomainError):
    """So many jobs wait that one more would not be run in useful time (503)."""


class TooMany(DomainError):
    """More requests than callers that behave would send (429)."""


class Unavailable(DomainError):
    """A service that this one asks cannot be asked (503)."""


class TooSlow(DomainError):
    """A service that this one asks did not answer in time (504)."""


class BadQuery(DomainError):
    """A query in a language of its own that cannot be read (400)."""
