"""Makes texts from outside visible, against forged lines and hidden characters.

JSON output and what the state keeps stay exact.
"""

import unicodedata

# Invisible characters, though their class is that of letters and marks.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def visible(text: str) -> str:
    """Return the text on one line, with every invisible or active character spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_seen(character) else _spelled(character) for character in text)


def visible_lines(text: str) -> str:
    """Return a text of ours, of several lines, with each line made visible."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _is_seen(character: str) -> bool:
    if character in _UNSEEN:
        return False
    return character.isprintable() or unicodedata.category(character) in {"Zs", "Co", "Cn"}


def _spelled(character: str) -> str:
    """Return the character in JSON's spelling: outside the first plane as a pair of surrogates."""
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code - 0x10000 & 0x3FF):04x}"
