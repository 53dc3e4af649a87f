"""URLs that are taken as they are.

requests and urllib3 look at a URL four times, character by character in Python, to find that it may stay as it is: a
fifteenth of all that a schedule costs, for what every test over real HTTP tries as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests import PreparedRequest

# Escaped in capitals, and only what has to be.
_ESCAPED = r"%(?:[01][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF]|[89A-F][0-9A-F])"
PLAIN = re.compile(
    rf"https://[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)+(?:/(?:[A-Za-z0-9_]|{_ESCAPED})(?:[A-Za-z0-9._-]++|{_ESCAPED})*+)++"
    rf"(?:\?(?:[A-Za-z0-9._=&-]++|{_ESCAPED})++)?"
)


@contextmanager
def plain_urls() -> Iterator[None]:
    """In this block requests looks at a URL only when it is not plain."""
    usual = PreparedRequest.prepare_url

    def prepare_url(self: PreparedRequest, url: Any, params: Any) -> None:
        if not params and isinstance(url, str) and PLAIN.fullmatch(url):
            self.url = url
        else:
            usual(self, url, params)

    PreparedRequest.prepare_url = prepare_url  # type: ignore[method-assign]
    try:
        yield
    finally:
        PreparedRequest.prepare_url = usual  # type: ignore[method-assign]
