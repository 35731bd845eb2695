"""Every error this project raises on purpose.

AppError
├── ConfigurationError          a setting or an operator's file is wrong; fix it and start again
│   └── FileError               with the file, the line and the field
├── StoreError                  the data folder cannot be used
│   └── StoreLockedError        another desk owns it
├── DomainError                 a business rule forbids this
│   ├── InsufficientDataError   too few observations to compute the result
│   ├── InvalidTransitionError  the object is not in a state that allows this action
│   ├── NotFoundError           there is no such object
│   └── StaleError              the moment for this has passed
├── EffectError(key)            an order, post or alert did not reach a final state
│   ├── EffectBusyError         another process holds its lease; retried
│   ├── EffectUnclearError      it may have happened; looked up before any second try
│   ├── EffectNotNowError       it surely has not happened; retried
│   ├── EffectRejectedError     refused for good
│   └── EffectParkedError       nobody can tell; waits for the operator
└── AdapterError(adapter, operation, reason)   an outside service failed
    ├── UnavailableError        surely not done: 429, refused connection, failed read; retried
    │   └── UnansweredError     it was asked, and may have worked on it and bill it
    ├── OutcomeUnknownError     a write timed out or met a 5xx: it may have happened
    ├── AuthenticationError     401, 403: stops the workflow, alerts the operator
    ├── RejectedError           the service understood and refused
    ├── UnexpectedResponseError the answer did not parse
    └── AnswerError             a language model answered something else than was asked for
        ├── RefusedAnswerError  it declined
        ├── TruncatedAnswerError it stopped before the end
        └── InvalidAnswerError  no JSON, not the schema, no text at all

The engine retries an error if and only if its class says `retryable`.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class AppError(Exception):
    """Base of all errors raised on purpose."""

    retryable: ClassVar[bool] = False


class ConfigurationError(AppError):
    """A setting or an operator's file is wrong."""


class FileError(ConfigurationError):
    """One place in a file that an operator may edit is wrong."""

    def __init__(self, path: Path, line: int, field: str, reason: str) -> None:
        super().__init__(
            f"{path}:{line}: {field}: {reason}" if field else f"{path}:{line}: {reason}"
        )
        self.path, self.line, self.field, self.reason = path, line, field, reason


class StoreError(AppError):
    """The data folder cannot be used."""


class StoreLockedError(StoreError):
    """Another desk owns the data folder."""


class DomainError(AppError):
    """A business rule forbids this."""


class InsufficientDataError(DomainError):
    """Too few observations to compute the result."""


class InvalidTransitionError(DomainError):
    """The object is not in a state that allows this action."""


class NotFoundError(DomainError):
    """There is no such object."""


class StaleError(DomainError):
    """The moment for this has passed."""


class EffectError(AppError):
    """An order, post or alert did not reach a final state."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key, self.reason = key, reason


class EffectBusyError(EffectError):
    """Another process holds the lease of this effect."""

    retryable = True


class EffectUnclearError(EffectError):
    """The effect may have happened; it is looked up before any second try."""

    retryable = True


class EffectNotNowError(EffectError):
    """The effect has surely not happened and may be tried again."""

    retryable = True


class EffectRejectedError(EffectError):
    """The other side refused the effect for good."""


class EffectParkedError(EffectError):
    """Nobody can tell whether the effect happened; it waits for the operator."""


class AdapterError(AppError):
    """A call to an outside service failed."""

    def __init__(self, adapter: str, operation: str, reason: str) -> None:
        super().__init__(f"{adapter}.{operation}: {reason}")
        self.adapter, self.operation, self.reason = adapter, operation, reason


class UnavailableError(AdapterError):
    """The service did not do it, and may do it later."""

    retryable = True


class UnansweredError(UnavailableError):
    """The service was asked and did not answer; it may have worked on it, and bill it."""


class OutcomeUnknownError(AdapterError):
    """A write got no clear answer: it may have happened."""

    retryable = True


class AuthenticationError(AdapterError):
    """The service refused our credentials."""


class RejectedError(AdapterError):
    """The service understood the request and refused it."""


class UnexpectedResponseError(AdapterError):
    """The service answered something we cannot parse."""


class AnswerError(AdapterError):
    """A language model answered something else than was asked for; the tokens are spent."""

    def __init__(
        self, adapter: str, operation: str, reason: str, tokens: tuple[int, int] = (0, 0)
    ) -> None:
        super().__init__(adapter, operation, reason)
        self.input_tokens, self.output_tokens = tokens


class RefusedAnswerError(AnswerError):
    """The model declined to answer."""


class TruncatedAnswerError(AnswerError):
    """The answer stopped before its end."""


class InvalidAnswerError(AnswerError):
    """The answer is no JSON, or not of the schema that was asked for."""
