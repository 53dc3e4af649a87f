"""Takes secrets, tokens and e-mail addresses out of all texts for the log, the state and people."""

from collections import deque
from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

from daemon.secret_forms import SecretForms
from state.kinds import SideName

# The fields that an event may have. A field that is not in this list is not written: no name, address or comment text
# gets into a log by a new call that nobody thought about.
_FIELDS = frozenset(
    # A list of forty quoted words is no easier to read.
    """
    event level timestamp pass_id trigger invoice entity_id comment_id salesforce_id note_id reason code side hint
    outcome seen owed unchanged held skipped refused due synced failed pending notes magento_calls salesforce_calls
    seconds error since path problems pid version request signal api_used api_limit invoices calls next_try_at
    synchronization setting
    """.split()  # noqa: SIM905
)
# Fields that hold the daemon's own words alone: nothing is taken out of them, whatever word a secret is.
_OURS = frozenset({"event", "level", "timestamp", "side", "trigger", "outcome"})
_LONGEST = 4_000  # characters of what a side says at once
_A_WORD = 400
_FORMER_TOKENS = 8
_MOST = 8_000  # characters of any text that is searched: its time must not grow with what a side sends
_NONE: Mapping[str, str] = MappingProxyType({})


def beginning_of(text: str, most: int = _MOST) -> str:
    """Return the searchable beginning of a text, without its last word, perhaps half a name."""
    if len(text) <= most:
        return text
    words = text[:most].rsplit(None, 1)
    return f"{words[0]} …" if len(words) == 2 and len(words[1]) <= _A_WORD else f"{text[:most]}…"


class Redaction:
    """Knows the secrets and tokens of one shop and its org, and takes them out of texts and events.

    A redaction is made where the parts are assembled, and handed to the log, the store and both clients. A token that
    was replaced may still be good, so the redaction also keeps the last few of them.
    """

    def __init__(self, secrets: Mapping[str, str] = _NONE) -> None:
        self._secrets = secrets
        self._tokens: dict[str, str] = {}
        self._former: deque[str] = deque(maxlen=_FORMER_TOKENS)
        self._forms = SecretForms.of(secrets)

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Keep the allowed fields of one event, and clean them; a processor of structlog's."""
        for name in [name for name in event if name not in _FIELDS]:
            del event[name]
        for name in event.keys() - _OURS:
            event[name] = self._cleaned(event[name])
        return event

    def use(self, secrets: Mapping[str, str]) -> None:
        """Take out these secrets from now on: those of the settings in force."""
        self._secrets = secrets
        self._search_anew()

    def learn_token(self, side: SideName, token: str) -> None:
        """Take out this token of the side from now on, and also the replaced one."""
        before = self._tokens.get(side)
        if before not in (None, token):
            self._former.append(str(before))
        self._tokens[side] = token
        self._search_anew()

    def clean(self, text: str) -> str:
        """Return the text without any secret or token in use, and without e-mail addresses."""
        return self._forms.taken_out_of(beginning_of(text))

    def heard(self, text: object) -> str:
        """Return a side's words on one line, cut and clean; an empty text for any other value."""
        return self.clean(" ".join(beginning_of(text, _LONGEST).split())) if isinstance(text, str) else ""

    def _search_anew(self) -> None:
        former = {f"former {number}": token for number, token in enumerate(self._former)}
        self._forms = SecretForms.of({**self._secrets, **self._tokens, **former})

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, list | tuple):
            return [self._cleaned(part) for part in value]
        return value
