"""Saves the HTML of an enhanced note as Salesforce does, and reads its text."""

import re
import unicodedata
from html.parser import HTMLParser

from daemon.sandbox.salesforce.org.errors import ApiError

_BLOCKS = frozenset({"blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "pre"})
_TAGS = _BLOCKS | {"a", "b", "code", "em", "i", "ol", "s", "span", "strike", "strong", "u", "ul"}
_MARKUP = re.compile(
    r"<(?P<close>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]*)(?:\s+[a-zA-Z-]+=\"[^\"<>]*\")*\s*(?P<void>/?)>"
    r"|&(?:#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]*);"
)


def saved_html(text: str) -> str:
    """Return the HTML to store: newlines vanish, and anything but simple, well-formed HTML is rejected.

    The error tells neither place nor cause; the usual cause is a text that was not escaped.
    """
    html = text.replace("\r", "").replace("\n", "")
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char != "\t" for char in html):
        raise _cannot_be_saved()
    open_tags: list[str] = []
    for mark in _MARKUP.finditer(html):
        tag = (mark["tag"] or "").lower()
        if tag in {"", "br"}:
            continue
        if tag not in _TAGS or mark["void"]:
            raise _cannot_be_saved()
        if not mark["close"]:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            raise _cannot_be_saved()
    rest = _MARKUP.sub("", html)
    if open_tags or "<" in rest or "&" in rest:
        raise _cannot_be_saved()
    return html


def plain_text(html: str) -> str:
    """Return the text that people read: a line per `<br>` and per paragraph, entities as characters."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts).rstrip("\n")


class _Reader(HTMLParser):
    """Collects text; the edge of a block breaks the line only after text, as in a browser."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._in_line = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  (the parser's signature)
        if tag == "br" or (tag in _BLOCKS and self._in_line):
            self._break_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS and self._in_line:
            self._break_line()

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
        self._in_line = True

    def _break_line(self) -> None:
        self.parts.append("\n")
        self._in_line = False


def _cannot_be_saved() -> ApiError:
    return ApiError(
        "FIELD_INTEGRITY_EXCEPTION",
        "Note can't be saved because it contains HTML tags or unescaped characters that are not allowed in a Note.",
        fields=["Content"],
    )
