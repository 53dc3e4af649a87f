"""Finds a secret in a text in all its spellings, and takes the secret out."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

_SHORTEST = 4
_TELLING = 12  # so many characters of a secret in a row stand in a text by no accident
_MARK = "[secret]"
_USER_NAME = "_username"
# A word begins after anything that is no letter, and after %20 and \\n, which end in one.
_NO_LETTER = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
# A word with an @ in it, from its beginning: where each letter could begin one, a long word takes quadratic time.
_EMAIL = re.compile(r"(?<![^\s@<>\"'])[^\s@<>\"']++(?:@[^\s@<>\"']*+)+")
_UP_TO_ITS_END = re.compile(r"[^@]*@.*[^@]\.[A-Za-z]{2,}")
# A text of this shape is a session of Salesforce's or a signed assertion, whoever's it is.
_CREDENTIAL = re.compile(r"\b00D[A-Za-z0-9]{12,15}(?:!|%21)[A-Za-z0-9._%-]*|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")


@dataclass(frozen=True, slots=True, repr=False)  # no traceback shows a secret
class SecretForms:
    """All spellings of some secrets.

    ``exact``: spellings to take out wherever they stand; ``words``: spellings of user names, which are taken out as
    whole words alone, because ``magento`` is a user name too; ``beginnings``: the exact spellings by their first
    characters, to find one that is cut.
    """

    exact: frozenset[str]
    words: Mapping[str, re.Pattern[str]]
    beginnings: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, secrets: Mapping[str, str]) -> Self:
        """Return the spellings of these secrets, by name."""
        long = {name: value for name, value in secrets.items() if len(value) >= _SHORTEST}
        kept = {value for name, value in long.items() if not name.endswith(_USER_NAME)}
        exact = _forms_of_all(kept)
        names = _forms_of_all(set(long.values()) - kept)
        words = {form: re.compile(rf"{_NO_LETTER}{re.escape(form)}(?!\.?\w)") for form in names}
        return cls(frozenset(exact), words, _beginnings(sorted(exact, key=_longest_first)))

    def taken_out_of(self, text: str) -> str:
        """Return the text without any secret, whether escaped or cut, and without e-mail addresses."""
        parts = text.split(_MARK)  # what was taken out before stays as it is, whatever word a secret is
        for form in sorted({*self.exact, *self.words}, key=_longest_first):
            word = self.words.get(form)
            parts = [piece for part in parts for piece in (word.split(part) if word else part.split(form))]
        for beginning, alike in self.beginnings.items():
            parts = [piece for part in parts for piece in _without_cut(part, beginning, alike)]
        return _EMAIL.sub(_without_address, _CREDENTIAL.sub(_MARK, _MARK.join(parts)))


def _longest_first(form: str) -> tuple[int, str]:
    """Return a sort key: the longest form first, because one form may begin another."""
    return -len(form), form


def _forms_of_all(values: Iterable[str]) -> set[str]:
    return {form for value in values for form in _forms_of(value) if len(form) >= _SHORTEST}


def _forms_of(value: str) -> Iterable[str]:
    spelled = json.dumps(value)[1:-1]
    yield from (value, quote(value, safe="", errors="replace"), html.escape(value), spelled, json.dumps(spelled)[1:-1])
    yield " ".join(value.split())
    if len(value) >= _TELLING:
        yield base64.b64encode(value.encode(errors="replace")).decode().rstrip("=")


def _beginnings(forms: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the forms by their beginning, which all tokens of one org share."""
    found: dict[str, tuple[str, ...]] = {}
    for form in forms:
        if len(form) > _TELLING:
            found[form[:_TELLING]] = (*found.get(form[:_TELLING], ()), form)
    return found


def _without_cut(text: str, beginning: str, forms: tuple[str, ...]) -> list[str]:
    """Return the text around these forms, which may be cut after a dozen characters or more."""
    kept: list[str] = []
    at = 0
    while (found := text.find(beginning, at)) >= 0:
        end = found + max(_shared(text[found : found + len(form)], form) for form in forms)
        kept.append(text[at:found])
        at = end
    return [*kept, text[at:]]


def _shared(text: str, form: str) -> int:
    """Return how many characters of the form the text begins with."""
    return next((at for at, (one, other) in enumerate(zip(text, form, strict=False)) if one != other), len(text))


def _without_address(word: re.Match[str]) -> str:
    address = _UP_TO_ITS_END.match(word[0])
    return f"[e-mail]{word[0][address.end() :]}" if address else word[0]
