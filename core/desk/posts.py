"""Posts in the forms that an operator may carry elsewhere by hand."""

from __future__ import annotations

from core.analysis.html import to_html
from core.steps.services import Services


class Posts:
    """Reads what was written, in another form."""

    def __init__(self, services: Services) -> None:
        self._content = services.storage.content

    def html(self, content_id: str, version: int) -> str:
        """Return one version of a post as a clean HTML fragment.

        Raises: NotFoundError.
        """
        return to_html(self._content.get(content_id, version).body)
