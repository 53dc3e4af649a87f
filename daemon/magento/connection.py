"""Signs in to Magento, by the way that the settings choose, and makes a call as who it signed in as."""

import json
import re
from collections.abc import Callable
from datetime import datetime

import requests
from requests.auth import AuthBase

from daemon.clock import Clock
from daemon.errors import Retriable, SideDenied, Unreachable
from daemon.magento.errors import (
    is_magentos_401,
    is_unexplained,
    is_worth_signing_again,
    place_unknown,
    raise_sign_in_error,
)
from daemon.magento.sign import Bearer, OAuth1
from daemon.magento.sign_in_errors import AccessDenied, account_spared
from daemon.redaction import redaction
from daemon.settings import Configuration
from daemon.transport import open_session

# An administrator's token lives 60 minutes from Magento 2.4.4 on (before that four hours).
_RENEWED_AFTER = 55 * 60.0
# A token that was given so short ago has not ended: a refusal is then about what its owner may do.
_FRESH = 60.0
# As long as the pause that follows a refused sign-in, but for a minute: it ends by the wall clock, in whole seconds.
_HELD = 59 * 60.0
_TOKEN = re.compile(r"[\x21-\x7e]{8,8192}")


class Connection:
    """Magento's REST API as one caller; ``get`` makes one call, with a sign-in before it when one is needed."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        magento = configuration.settings.magento
        self.root = f"{magento.base_url}/rest/{magento.store_code}/V1"
        self._session = open_session("magento", seconds=magento.timeout.total_seconds(), ca_bundle=magento.ca_bundle)
        self.last: requests.Response | None = None  # whatever was answered last, good or not
        self._session.hooks["response"].append(self._keep)
        self._session.headers["Accept"] = "application/json"  # it answers XML or an HTML error page otherwise
        self.account: Account | None = None
        secrets = configuration.secrets
        redaction.secrets = secrets  # before anything is answered that may repeat one
        if magento.auth == "oauth1":
            self._session.auth = OAuth1(secrets, magento.signature)
        elif magento.auth == "bearer":
            self._session.auth = Bearer(secrets["magento_access_token"])
        else:
            name, password = secrets["magento_username"], secrets["magento_password"]
            self.account = Account(self.root, self._session, clock, name, password)
        self.calls = 0

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def get(self, path: str) -> requests.Response:
        """Make one call, and a second one where that may help.

        It is made again, signed anew, when a proxy may have sent it twice, so that Magento had seen its signature; and
        signed in anew, when an administrator's token has ended before its time. SideDenied when Magento processes
        nothing at all below the store that is named in the URL.
        """
        if self.account is not None:
            self.account.require_token()
        response = self._get(path)
        if self.account is None:
            if isinstance(self._session.auth, OAuth1) and is_worth_signing_again(response):
                response = self._get(path)
        elif is_magentos_401(response) and self.account.may_have_ended():
            self.account.sign_in()
            response = self._get(path)
        _require_place(response, self._session, self.root)
        return response

    def get_signed(self, path: str, auth: AuthBase) -> requests.Response:
        """One call, signed by other means than the settings'."""
        return self._session.get(f"{self.root}/{path}", auth=auth)

    def get_unsigned(self, url: str) -> requests.Response:
        """One call to a page of the shop that is no REST API, as nobody."""
        return self._session.get(url, auth=_Unsigned(), headers={"Accept": "*/*"})

    def _keep(self, response: requests.Response, **_options: object) -> None:
        self.last = response

    def _get(self, path: str) -> requests.Response:
        self.calls += 1
        return self._session.get(f"{self.root}/{path}")


class Account:
    """An administrator's account: its name and password are given for a token, once for each token.

    Six refused sign-ins lock the account for half an hour, so after one that is refused none is made for an hour,
    whoever asks; the refusal itself is given again. Nor is one made where others have left the account its last try.
    """

    def __init__(self, root: str, session: requests.Session, clock: Clock, name: str, password: str) -> None:
        self._root = root
        self._session = session
        self._clock = clock
        self._credentials = {"username": name, "password": password}
        self._given_at: float | None = None  # by the monotonic clock
        self._refused: tuple[float, SideDenied] | None = None
        self.sign_ins = 0
        self.on_answer: Callable[[bool], object] = lambda _taken: None  # a sign-in was taken, or refused
        self.locked_until: Callable[[], datetime | None] = lambda: None  # until when one more could lock it, as of now

    def require_token(self) -> None:
        """Sign in unless there is a token that still lives for a while."""
        if self._given_at is None or self._clock.monotonic() - self._given_at >= _RENEWED_AFTER:
            self.sign_in()

    def may_have_ended(self) -> bool:
        """Whether a refused call may be the token's end (a person can revoke it), not what its owner may not do."""
        return self._given_at is None or self._clock.monotonic() - self._given_at >= _FRESH

    def sign_in(self) -> None:
        """Get a token. SideDenied when none is given, and for an hour after that."""
        try:
            self._sign_in()
        except Retriable as error:
            error.about = frozenset()  # no record was asked for
            raise

    def _sign_in(self) -> None:
        self._require_leave()
        self._given_at = None
        self.sign_ins += 1
        # The only call to Magento that is no GET.
        url = f"{self._root}/integration/admin/token"
        response = self._session.post(url, json=self._credentials, auth=_Unsigned())
        _require_place(response, self._session, self._root)
        try:
            token = _read_token(response)
        except SideDenied as refusal:
            if refusal.probe == "hourly":
                if response.status_code == 401:  # a second factor is asked for after the password was right
                    self.on_answer(False)
                self.spare(refusal)
            raise
        self.on_answer(True)
        redaction.learn_token("magento", token)
        self._session.auth = Bearer(token)
        self._given_at = self._clock.monotonic()

    def spare(self, refusal: SideDenied) -> None:
        """Make no sign-in for an hour."""
        self._refused = self._clock.monotonic(), refusal

    def _require_leave(self) -> None:
        if self._refused is not None:
            at, refusal = self._refused
            if self._clock.monotonic() - at < _HELD:
                raise AccessDenied(str(refusal), cause="account", hint=refusal.hint, probe="hourly", about_secrets=True)
            self._refused = None
        until = self.locked_until()
        if until is not None:
            raise account_spared(until)


def _require_place(refused: requests.Response, session: requests.Session, root: str) -> None:
    """SideDenied for a call that was refused because Magento processes nothing below this place.

    Magento looks at the place before it looks at who calls, so a call of nobody's is refused in the same way.
    """
    if is_unexplained(refused) and is_unexplained(session.get(f"{root}/store/storeConfigs", auth=_Unsigned())):
        raise place_unknown(refused)


class _Unsigned(AuthBase):
    """No token on the call that asks for one."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the call as it is."""
        return request


def _read_token(response: requests.Response) -> str:
    if response.status_code != 200:
        raise_sign_in_error(response)
    try:
        token = json.loads(response.content)
    except (ValueError, RecursionError):
        token = None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise Unreachable(
            "Magento's answer to the sign-in is no token; it is refused",
            side="magento",
            sent=True,
            hint="A proxy, a cache or an error page stands in for Magento's REST answer.",
        )
    return token
