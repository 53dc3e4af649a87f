"""Takes secrets, tokens and e-mail addresses out of whatever is logged, kept in the state or shown."""

import base64
import html
import json
import re
from collections import deque
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

# What an event may say. A field that is not in this list is not written: no name, address or comment text can get
# into a log by a new call that nobody thought about.
_FIELDS = frozenset(
    # A list of forty quoted words is no easier to read.
    """
    event level timestamp pass_id trigger invoice entity_id comment_id salesforce_id note_id reason code side hint
    outcome seen owed unchanged held skipped refused due synced failed pending notes magento_calls salesforce_calls
    seconds error since path problems pid version request signal api_used api_limit invoices calls next_try_at
    synchronization setting
    """.split()  # noqa: SIM905
)
# What is said in our own words alone: nothing is taken out of it, whatever word a secret is.
_OURS = frozenset({"event", "level", "timestamp", "side", "trigger", "outcome"})
_LONGEST = 4_000  # of what a side says at once
_A_WORD = 400
_SHORTEST_SECRET = 4
_TELLING = 12  # so many characters of a secret in a row stand in a text by no accident
_FORMER_TOKENS = 8
_MARK = "[secret]"
_USER_NAME = "_username"
# What stands before a word: %20 and \\n are no letters of it.
_NO_LETTER = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
_MOST = 8_000  # of any text that is searched: more says no more, and its time must not grow with what a side sends
# A word with an @ in it, from its beginning: where each letter could begin one, a long word takes quadratic time.
_EMAIL = re.compile(r"(?<![^\s@<>\"'])[^\s@<>\"']++(?:@[^\s@<>\"']*+)+")
_UP_TO_ITS_END = re.compile(r"[^@]*@.*[^@]\.[A-Za-z]{2,}")
# What looks like a session of Salesforce's or a signed assertion is one, whoever's it is.
_CREDENTIAL = re.compile(r"\b00D[A-Za-z0-9]{12,15}(?:!|%21)[A-Za-z0-9._%-]*|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")


def heard(text: object) -> str:
    """Return what a side says, on one line, cut, and without secrets; nothing for what is no text."""
    return redaction.clean(" ".join(beginning_of(text, _LONGEST).split())) if isinstance(text, str) else ""


def beginning_of(text: str, most: int = _MOST) -> str:
    """Return so much of a text as can be searched, without a last word that may be half a name."""
    if len(text) <= most:
        return text
    words = text[:most].rsplit(None, 1)
    return f"{words[0]} …" if len(words) == 2 and len(words[1]) <= _A_WORD else f"{text[:most]}…"


def redact(text: str, secrets: Mapping[str, str]) -> str:
    """Return the text without any secret, however it is escaped or cut, and without e-mail addresses."""
    text = beginning_of(text)
    long = {name: value for name, value in secrets.items() if len(value) >= _SHORTEST_SECRET}
    kept = {value for name, value in long.items() if not name.endswith(_USER_NAME)}
    forms = _forms(tuple(sorted(kept)))
    words = _words(tuple(sorted(set(long.values()) - kept)))
    parts = text.split(_MARK)  # what was taken out before stays as it is, whatever word a secret is
    for form in sorted({*forms, *words}, key=_longest_first):
        word = words.get(form)
        parts = [piece for part in parts for piece in (word.split(part) if word else part.split(form))]
    for beginning, alike in _beginnings(forms).items():
        parts = [piece for part in parts for piece in _without_cut(part, beginning, alike)]
    return _EMAIL.sub(_without_address, _CREDENTIAL.sub(_MARK, _MARK.join(parts)))


def _without_address(word: re.Match[str]) -> str:
    address = _UP_TO_ITS_END.match(word[0])
    return f"[e-mail]{word[0][address.end() :]}" if address else word[0]


class Redaction:
    """A processor of events that keeps to the allowed fields and removes secrets and e-mail addresses from them.

    ``secrets`` are those of the settings in force; ``tokens`` those that a side gave for them, by its name. A token
    that was replaced may still be good, so the last few are kept in mind too.
    """

    def __init__(self) -> None:
        self.secrets: Mapping[str, str] = {}
        self.tokens: dict[str, str] = {}
        self._former: deque[str] = deque(maxlen=_FORMER_TOKENS)

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Clean one event."""
        for name in [name for name in event if name not in _FIELDS]:
            del event[name]
        for name in event.keys() - _OURS:
            event[name] = self._clean(event[name])
        return event

    def learn_token(self, side: str, token: str) -> None:
        """Take out this token of the side from now on, and the one that it replaces."""
        before = self.tokens.get(side)
        if before not in (None, token):
            self._former.append(str(before))
        self.tokens[side] = token

    def values(self) -> dict[str, str]:
        """Return all that is taken out, by any name."""
        former = {f"former {number}": token for number, token in enumerate(self._former)}
        return {**self.secrets, **self.tokens, **former}

    def clean(self, text: str) -> str:
        """Return the text without any secret or token that is in use, and without e-mail addresses."""
        return redact(text, self.values())

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, list | tuple):
            return [self._clean(part) for part in value]
        return value


redaction = Redaction()


@lru_cache(maxsize=2)  # those of now, and of a moment ago: what was taken out a day ago need not be held
def _forms(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return how an answer may spell these values, the longest first: one may begin another."""
    return tuple(sorted(_forms_of_all(values), key=_longest_first))


@lru_cache(maxsize=2)
def _words(names: tuple[str, ...]) -> dict[str, re.Pattern[str]]:
    """Return the same of user names, which are taken out as whole words alone: ``magento`` is one, too."""
    return {form: re.compile(rf"{_NO_LETTER}{re.escape(form)}(?!\.?\w)") for form in _forms_of_all(names)}


def _longest_first(form: str) -> tuple[int, str]:
    return -len(form), form


def _forms_of_all(values: Iterable[str]) -> set[str]:
    return {form for value in values for form in _forms_of(value) if len(form) >= _SHORTEST_SECRET}


def _forms_of(value: str) -> Iterable[str]:
    spelled = json.dumps(value)[1:-1]
    yield from (value, quote(value, safe="", errors="replace"), html.escape(value), spelled, json.dumps(spelled)[1:-1])
    yield " ".join(value.split())
    if len(value) >= _TELLING:
        yield base64.b64encode(value.encode(errors="replace")).decode().rstrip("=")


@lru_cache(maxsize=2)
def _beginnings(forms: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the forms by how they begin: a session's token begins with its org, like every other of it."""
    found: dict[str, tuple[str, ...]] = {}
    for form in forms:
        if len(form) > _TELLING:
            found[form[:_TELLING]] = (*found.get(form[:_TELLING], ()), form)
    return found


def _without_cut(text: str, beginning: str, forms: tuple[str, ...]) -> list[str]:
    """Return what stands around these forms where they are cut after a dozen characters or more."""
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
