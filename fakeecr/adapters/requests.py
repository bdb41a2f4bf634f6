"""The adapter that lets requests download layers from ``data:`` URLs.

GetDownloadUrlForLayer returns such URLs. urllib reads them without help, also in another process; requests has
transport adapters for http and https only, and gets one for ``data:`` while a fake is in use.
"""

from __future__ import annotations

import functools
import io
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from requests import PreparedRequest, Response


def wrap_get_adapter(original: Callable[..., Any]) -> Callable[..., Any]:
    """Build a replacement for ``requests.Session.get_adapter`` that also handles ``data:`` URLs.

    An adapter that the user mounted for such URLs takes precedence.

    Args:
        original: the method that is replaced; it handles all other URLs.
    """

    @functools.wraps(original)
    def get_adapter(self: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        if url[:5].lower() == "data:" and not any(url.lower().startswith(prefix.lower()) for prefix in self.adapters):
            return _DataAdapter()
        return original(self, url, *args, **kwargs)

    return get_adapter


class _DataAdapter:
    """A transport adapter of requests that reads ``data:`` URLs."""

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        from requests import Response

        response = Response()
        with urllib.request.urlopen(request.url or "") as opened:  # noqa: S310 - it is a data: URL
            content = opened.read()
            response.headers.update(opened.headers)
        response.status_code = 200
        response.reason = "OK"
        response.url = request.url or ""
        response.request = request
        # A stream, which stream=True and iter_content() require.
        response.raw = io.BytesIO(content)
        return response

    def close(self) -> None:
        """Do nothing: there is no connection to close."""
