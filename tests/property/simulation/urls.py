"""Lets requests take plain URLs without a look at them.

requests and urllib3 look at a URL four times, character by character in Python, only to leave it unchanged. This costs
a fifteenth of a schedule's time, and every test over real HTTP tries the same.
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
    """Let requests look at no plain URL in this block."""
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
