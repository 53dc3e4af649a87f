"""Writes answers by the client's Accept header: JSON as PHP writes it, XML or an HTML page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

_PAGE = """<!doctype html>
<html xmlns="http://www.w3.org/1999/xhtml" >
<head>
    <title>{title}</title>
    <meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
    <meta name="robots" content="*"/>
</head>
<body>
    <main class="page-main">
<h1>{title}</h1>
    </main>
</body>
</html>
"""
URI_TOO_LONG = (
    "<html>\r\n<head><title>414 Request-URI Too Large</title></head>\r\n<body>\r\n"
    "<center><h1>414 Request-URI Too Large</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n"
    "</body>\r\n</html>\r\n"
)
JSON, XML = "application/json; charset=utf-8", "application/xml; charset=utf-8"


def choose_type(accept: str | None) -> str | None:
    """Return the content type for an Accept header: XML for a browser's, None for `text/html` alone."""
    for each in (accept or "*/*").split(","):
        match each.partition(";")[0].strip():
            case "application/json" | "*/*" | "application/*":
                return JSON
            case "application/xml" | "text/xml":
                return XML
    return None


def write_answer(answer: Any, content_type: str) -> str:
    """Return an answer as text."""
    if content_type == XML:
        return '<?xml version="1.0"?>\n' + "".join(_xml("response", answer, 0))
    return json.dumps(answer, separators=(",", ":")).replace("/", "\\/")


def error_page(title: str) -> str:
    """Return Magento's HTML page in place of an answer of REST."""
    return _PAGE.format(title=title)


def _xml(tag: str, value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else (("item", each) for each in value)
        inner = "".join(part for name, each in children for part in _xml(name, each, depth + 1))
        yield f"{pad}<{tag}>\n{inner}{pad}</{tag}>\n" if inner else f"{pad}<{tag}/>\n"
    elif value is None or value == "":
        yield f"{pad}<{tag}/>\n"
    else:
        yield f"{pad}<{tag}>{escape(str(value))}</{tag}>\n"
