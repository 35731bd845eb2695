"""The pages' edge: an expected error is said in its own words, any other is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import streamlit as st

from core.errors import AppError
from pages.components import flash
from pages.components.formatting import prose

LOG = logging.getLogger(__name__)


@contextmanager
def guarded() -> Iterator[None]:
    """Show the text of an AppError; log the rest and say so. What was drawn before stays."""
    try:
        yield
    except AppError as error:
        st.error(prose(error), icon=":material/error:")
    except Exception:
        LOG.exception("a page failed")
        st.error(
            "This part of the page could not be drawn. The reason is in the desk's log.",
            icon=":material/error:",
        )


def live(every: str | None) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Return a decorator: a part of a page that draws itself again, alone, every so often."""

    def decorate(draw: Callable[[], None]) -> Callable[[], None]:
        @wraps(draw)
        def body() -> None:
            with guarded():
                flash.show()
                draw()

        return st.fragment(body, run_every=every)

    return decorate
