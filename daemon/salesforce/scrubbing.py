"""Takes a customer's values out of Salesforce's messages, which quote values cut and escaped in any way."""

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from daemon.redaction import Redaction

_LONGEST = 1000
_SHORTEST_TEXT = 3
# Shorter parts of a text may stand in a message by accident.
_PART = 12
# No more of a longer text is looked for: a message can only hold it cut, and cut texts keep their beginning.
_READ = 20_000
# Names of fields and objects say where the fault is; they are no customer's words.
_API_NAME = re.compile(r"\w+__[cr]\b")
# Characters that the state or a stream does not take, or that a terminal acts on.
_UNKEPT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,119}")


def code_of(value: object) -> str:
    """Return an error's code; UNKNOWN for a text of another form."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else "UNKNOWN"


def fields_of(value: object) -> tuple[str, ...]:
    """Return the names of the fields of an error; TypeError for any other value than a list."""
    if value is not None and not isinstance(value, list):
        raise TypeError
    return tuple(name for name in value or () if isinstance(name, str) and _FIELD.fullmatch(name))


def scrubbed(code: str, message: str, texts: Iterable[str], redaction: Redaction) -> str:
    """Return the message on one line, without these texts in any spelling, and without e-mail addresses."""
    if len(message) > 2 * _READ:  # its end says how long the value may be
        message = f"{message[:_READ]} {message[-_LONGEST:]}"
    message = " ".join(_UNKEPT.sub("\N{REPLACEMENT CHARACTER}", message).split())
    if code == "STRING_TOO_LONG":  # quotes the value, cut anywhere
        label, _, rest = message.partition(": data value too large: ")
        length = rest[rest.rfind("(max length") :] if "(max length" in rest else ""
        message = f"{label}: data value too large {length}".strip()
    message = redaction.clean(message[: 4 * _LONGEST])
    folded = _folded(message)
    covered = bytearray(len(message))
    grams: dict[str, list[int]] = {}
    for at in range(len(folded) - _PART + 1):
        grams.setdefault(folded[at : at + _PART], []).append(at)
    for spelled in {spelling for text in texts for spelling in _spellings(text)}:
        if len(spelled) < _PART:
            _cover_word(covered, message, spelled)
        elif grams:
            looked_for = _folded(spelled)
            for at in range(len(looked_for) - _PART + 1):
                for place in grams.pop(looked_for[at : at + _PART], ()):  # covered once is enough
                    covered[place : place + _PART] = b"\1" * _PART
    for name in _API_NAME.finditer(message):
        covered[name.start() : name.end()] = bytes(name.end() - name.start())
    return _without(message, covered)[:_LONGEST]


def _spellings(text: str) -> set[str]:
    """Return the spellings of this text in an answer: raw, as HTML, as JSON, in a URL, in base64."""
    text = text.strip()[:_READ]
    if len(text) < _SHORTEST_TEXT:
        return set()
    escaped = html.escape(text)
    note = escaped.replace("\n", "<br>")
    spelled = json.dumps(text)[1:-1]
    found = {text, escaped, escaped.replace("&#x27;", "&#39;"), note, spelled, json.dumps(spelled)[1:-1]}
    found |= {json.dumps(text, ensure_ascii=False)[1:-1], quote(text, safe="", errors="replace")}
    found |= {json.dumps(json.dumps(text))[1:-1]}
    found |= {base64.b64encode(each.encode(errors="replace")).decode().rstrip("=") for each in (text, note)}
    return {" ".join(each.split()) for each in found}


def _folded(text: str) -> str:
    """Return the text in small letters, with every character in its place."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _cover_word(covered: bytearray, message: str, word: str) -> None:
    """Cover a short text in places as a whole word, spelled exactly so: Ann is not taken out of Annual."""
    for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", message):
        covered[found.start() : found.end()] = b"\1" * len(word)


def _without(message: str, covered: bytearray) -> str:
    kept: list[str] = []
    for at, character in enumerate(message):
        if not covered[at]:
            kept.append(character)
        elif not at or not covered[at - 1]:
            kept.append("…")
    return "".join(kept)
