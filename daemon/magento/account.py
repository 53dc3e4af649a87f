"""An administrator's account at Magento, whose name and password are given for tokens, without locking the account."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import requests

from daemon.clock import Clock
from daemon.errors import Retriable, SideDenied, Unreachable
from daemon.magento.error_answer import ErrorAnswer
from daemon.magento.errors import sign_in_error_of
from daemon.magento.place import require_place
from daemon.magento.sign import Bearer, Unsigned
from daemon.magento.sign_in_errors import AccessDenied, account_spared
from daemon.redaction import Redaction

# An administrator's token lives 60 minutes from Magento 2.4.4 on (before that four hours).
_RENEWED_AFTER = 55 * 60.0
# A token that was given so short ago has not ended: a denied call is then about what its owner may do.
_FRESH = 60.0
# As long as the pause that follows a denied sign-in, but for a minute: it ends by the wall clock, in whole seconds.
_HELD = 59 * 60.0
_TOKEN = re.compile(r"[\x21-\x7e]{8,8192}")


@dataclass(frozen=True, slots=True)
class SignIns:
    """The count of an administrator's sign-ins by all processes: six denied ones in a row lock the account.

    ``count`` is told of each sign-in whether it was taken. ``locked_until`` returns until when one more could lock the
    account, or None.
    """

    count: Callable[[bool], object] = lambda _taken: None
    locked_until: Callable[[], datetime | None] = lambda: None


UNCOUNTED = SignIns()


class Account:
    """An administrator's account, whose name and password are given for a token, once for each token.

    Six denied sign-ins lock the account for half an hour. So after a denied one, the account makes none for an hour,
    whoever asks, and gives the same error again. The account makes none either where others have left it the last try.
    """

    def __init__(
        self,
        root: str,
        session: requests.Session,
        clock: Clock,
        redaction: Redaction,
        *,
        credentials: tuple[str, str],
        sign_ins: SignIns,
    ) -> None:
        self._root = root
        self._session = session
        self._clock = clock
        self._redaction = redaction
        self._credentials = dict(zip(("username", "password"), credentials, strict=True))
        self._sign_ins = sign_ins
        self._given_at: float | None = None  # by the monotonic clock
        self._denied: tuple[float, SideDenied] | None = None
        self.sign_ins = 0

    def require_token(self) -> None:
        """Sign in unless the token still lives for a while."""
        if self._given_at is None or self._clock.monotonic() - self._given_at >= _RENEWED_AFTER:
            self.sign_in()

    def may_have_ended(self) -> bool:
        """Return whether a denied call may mean the end of the token, for example by a person, and not a permission."""
        return self._given_at is None or self._clock.monotonic() - self._given_at >= _FRESH

    def sign_in(self) -> None:
        """Get a token, or raise SideDenied, then and for an hour after that."""
        try:
            self._sign_in()
        except Retriable as error:
            error.about = frozenset()  # no record was asked for
            raise

    def spare(self, error: SideDenied) -> None:
        """Make no sign-in for an hour; raise this error instead."""
        self._denied = self._clock.monotonic(), error

    def _sign_in(self) -> None:
        self._require_leave()
        self._given_at = None
        self.sign_ins += 1
        # The only call to Magento that is no GET.
        url = f"{self._root}/integration/admin/token"
        response = self._session.post(url, json=self._credentials, auth=Unsigned())
        require_place(response, self._session, self._root, self._redaction)
        try:
            token = self._read_token(response)
        except SideDenied as error:
            if error.probe == "hourly":
                if response.status_code == 401:  # a second factor is asked for after the password was right
                    self._sign_ins.count(False)
                self.spare(error)
            raise
        self._sign_ins.count(True)
        self._redaction.learn_token("magento", token)
        self._session.auth = Bearer(token)
        self._given_at = self._clock.monotonic()

    def _require_leave(self) -> None:
        if self._denied is not None:
            at, error = self._denied
            if self._clock.monotonic() - at < _HELD:
                raise AccessDenied(str(error), cause="account", hint=error.hint, probe="hourly", about_secrets=True)
            self._denied = None
        until = self._sign_ins.locked_until()
        if until is not None:
            raise account_spared(until)

    def _read_token(self, response: requests.Response) -> str:
        if response.status_code != 200:
            raise sign_in_error_of(ErrorAnswer.of(response, self._redaction))
        try:
            token = json.loads(response.content)
        except (ValueError, RecursionError):
            token = None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Unreachable(
                "Magento's answer to the sign-in is no token",
                side="magento",
                sent=True,
                hint="A proxy, a cache or an error page stands in for Magento's REST answer.",
            )
        return token
