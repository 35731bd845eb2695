"""Posts into a folder of the data folder, so that the app can show what would be published."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from pydantic import ValidationError

from core.domain.base import Frozen, UtcDatetime
from core.domain.content import Guarantee, Post, PostRequest, PublisherCapabilities
from core.domain.engagement import Counts
from core.domain.feeds import Label
from core.errors import RejectedError, UnavailableError, UnexpectedResponseError
from core.settings import Settings

SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,80}")
WEEK = timedelta(days=7)


def create(settings: Settings) -> PreviewPublisher:
    return PreviewPublisher(settings.data_dir / "outbox" / "preview")


class Kept(Frozen):
    """What `post.json` holds."""

    external_id: str
    published_at: UtcDatetime
    request: PostRequest

    @property
    def post(self) -> Post:
        return Post(
            external_id=self.external_id,
            url=f"/content?post={self.external_id}",
            published_at=self.published_at,
        )


class PreviewPublisher:
    """One folder a post, which appears whole or not at all."""

    name = "preview"
    timeout_s = 5.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def capabilities(self) -> PublisherCapabilities:
        return PublisherCapabilities(
            guarantee=Guarantee.CLIENT_ID,
            lookup="authoritative",
            text_limit=None,
            format="markdown",
            metrics=True,
        )

    def publish(self, request: PostRequest, published_at: datetime) -> Post:
        """Post once per key.

        Raises: RejectedError if the key was used for another content.
        """
        kept = Kept(
            external_id=external_id(request.key), published_at=published_at, request=request
        )
        with _translated("publish"):
            first = self._read(kept.external_id) or self._write(kept)
        if first.request != request:
            raise RejectedError(self.name, "publish", f"{request.key!r} has another content")
        return first.post

    def find(self, key: str) -> Post | None:
        with _translated("find"):
            kept = self._read(external_id(key))
        return kept.post if kept else None

    def metrics(self, external_id: str, measured_at: datetime) -> Counts | None:
        """Return SYNTHETIC counts; the audience is described at `synthetic_counts`."""
        if not SAFE_NAME.fullmatch(external_id):
            return None
        with _translated("metrics"):
            kept = self._read(external_id)
        return synthetic_counts(external_id, measured_at - kept.published_at) if kept else None

    def _read(self, name: str) -> Kept | None:
        try:
            text = (self._folder / name / "post.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return Kept.model_validate_json(text)

    def _write(self, kept: Kept) -> Kept:
        """Fill a hidden folder, then rename it; where another was faster, return that one's."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self._folder))
        try:
            suffix = "html" if kept.request.format == "html" else "md"
            _store(draft / f"post.{suffix}", kept.request.body)
            _store(draft / "post.json", json.dumps(kept.model_dump(mode="json"), indent=2))
            return self._reveal(draft, kept)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _reveal(self, draft: Path, kept: Kept) -> Kept:
        try:
            draft.rename(self._folder / kept.external_id)
        except OSError:
            faster = self._read(kept.external_id)
            if faster is None:
                raise
            return faster
        _sync(self._folder)
        return kept


def external_id(key: str) -> str:
    """Return the one safe folder name of `key`: readable words and a hash."""
    words = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:48].strip("-")
    digest = hashlib.sha256(key.encode()).hexdigest()[:20]
    return f"{words}-{digest}" if words else digest


def synthetic_counts(external_id: str, age: timedelta) -> Counts:
    """Return the counts of an invented audience, the same for the same post and age.

    A post is seen 100 to 900 times in a week, along `1 - exp(-age / tau)` with tau of 12 to 48
    hours, so that counts grow fast at first and never go down. Of those who see it 1 to 6 %
    react, up to 1 % comment, up to 1.5 % share and 0.5 to 4 % click.
    """
    dice = Random(external_id)  # noqa: S311 - an invented audience, no secret
    tau = timedelta(hours=dice.uniform(12, 48))
    grown = math.expm1(-max(age, timedelta(0)) / tau) / math.expm1(-WEEK / tau)
    seen = dice.randint(100, 900)
    rates = {"reactions": (0.01, 0.06), "comments": (0, 0.01), "shares": (0, 0.015),
             "clicks": (0.005, 0.04)}  # fmt: skip
    counts = {name: int(seen * dice.uniform(*rate) * grown) for name, rate in rates.items()}
    return Counts(impressions=int(seen * grown), **counts, label=Label.SYNTHETIC)


def _store(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError("preview", operation, str(error)) from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise UnexpectedResponseError("preview", operation, f"post.json: {error}") from error
