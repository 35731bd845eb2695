"""The operator's password: kept as an argon2 hash, never as text."""

from __future__ import annotations

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import ConfigurationError

MAKE_ONE = "make one with `python -m core hash-password`"


def hash_password(password: str) -> str:
    """Return the argon2id hash of `password` for CONVERGENCE_PASSWORD_HASH.

    Raises: ConfigurationError if the password is blank.
    """
    if not password.strip():
        raise ConfigurationError("the password is empty: type one")
    return PasswordHasher().hash(password)


def check_password_hash(password_hash: str) -> None:
    """Refuse a setting that can never match, such as a password in plain text."""
    try:
        extract_parameters(password_hash)
    except InvalidHashError as error:
        reason = f"CONVERGENCE_PASSWORD_HASH is not an argon2 hash: {MAKE_ONE}"
        raise ConfigurationError(reason) from error


def is_password(password: str, password_hash: str) -> bool:
    """Tell whether `password` is the one behind `password_hash`. Takes tens of milliseconds."""
    try:
        return PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
