"""Lets requests read the URLs of layers.

They are ``data:`` URLs, which the standard library's urllib reads by itself, also in another process, and requests
refuses: it has an adapter for http and https alone. While a fake is in use it has one for them as well.
"""

from __future__ import annotations

import functools
import io
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from requests import PreparedRequest, Response


def get_adapter(original: Any) -> Any:
    """Wrap requests' ``Session.get_adapter``; what a session mounted itself comes first."""

    @functools.wraps(original)
    def with_data_urls(self: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        if url[:5].lower() == "data:" and not any(url.lower().startswith(prefix.lower()) for prefix in self.adapters):
            return _DataAdapter()
        return original(self, url, *args, **kwargs)

    return with_data_urls


class _DataAdapter:
    """What requests calls an adapter: it sends a request, and closes."""

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
        # A stream, so that stream=True and iter_content() work as ever.
        response.raw = io.BytesIO(content)
        return response

    def close(self) -> None:
        """Do nothing: there is no connection."""
