"""Makes calls to Magento as the caller that the settings choose: an integration, a token, an administrator."""

from typing import Any

import requests
from requests.auth import AuthBase

from daemon.clock import Clock
from daemon.magento.account import UNCOUNTED, Account, SignIns
from daemon.magento.error_answer import ErrorAnswer
from daemon.magento.errors import is_worth_signing_again
from daemon.magento.place import require_place
from daemon.magento.responses import read
from daemon.magento.sign import Bearer, OAuth1, Unsigned
from daemon.redaction import Redaction
from daemon.settings import Configuration
from daemon.transport import Transport


class Connection:
    """Magento's REST API as one caller; ``get`` makes one call, with a sign-in first where necessary."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        redaction: Redaction,
        transport: Transport,
        sign_ins: SignIns = UNCOUNTED,
    ) -> None:
        magento = configuration.settings.magento
        self.root = f"{magento.base_url}/rest/{magento.store_code}/V1"
        self.way = magento.auth
        self._redaction = redaction
        self._session = transport.open_session(
            "magento", seconds=magento.timeout.total_seconds(), ca_bundle=magento.ca_bundle
        )
        self.last: requests.Response | None = None  # the last answer, good or not
        self._session.hooks["response"].append(self._keep)
        self._session.headers["Accept"] = "application/json"  # it answers XML or an HTML error page otherwise
        self.account: Account | None = None
        secrets = configuration.secrets
        if magento.auth == "oauth1":
            self._session.auth = OAuth1(secrets, magento.signature)
        elif magento.auth == "bearer":
            self._session.auth = Bearer(secrets["magento_access_token"])
        else:
            credentials = secrets["magento_username"], secrets["magento_password"]
            self.account = Account(
                self.root, self._session, clock, redaction, credentials=credentials, sign_ins=sign_ins
            )
        self.calls = 0

    def close(self) -> None:
        """Close the HTTP connections."""
        self._session.close()

    def get(self, path: str) -> requests.Response:
        """Make one call, and a second call where useful.

        A call is made again with a new signature when a proxy may have sent it twice, so that Magento had seen its
        signature. A call is made again after a new sign-in when an administrator's token has ended before its time.
        SideDenied when Magento processes nothing at all below the store that is named in the URL.
        """
        if self.account is not None:
            self.account.require_token()
        response = self._get(path)
        if response.status_code == 401:
            answer = ErrorAnswer.of(response, self._redaction)
            if self.account is None:
                if isinstance(self._session.auth, OAuth1) and is_worth_signing_again(answer):
                    response = self._get(path)
            elif answer.is_magentos_401 and self.account.may_have_ended():
                self.account.sign_in()
                response = self._get(path)
        require_place(response, self._session, self.root, self._redaction)
        return response

    def read(self, response: requests.Response) -> dict[str, Any]:
        """Return the JSON object of a good answer; raise our error for any other."""
        return read(response, self.way, self._redaction)

    def get_signed(self, path: str, auth: AuthBase) -> requests.Response:
        """Make one call with another signature than the settings' own."""
        return self._session.get(f"{self.root}/{path}", auth=auth)

    def get_unsigned(self, url: str) -> requests.Response:
        """Make one call without a sign-in, to a page of the shop outside the REST API."""
        return self._session.get(url, auth=Unsigned(), headers={"Accept": "*/*"})

    def _keep(self, response: requests.Response, **_options: object) -> None:
        self.last = response

    def _get(self, path: str) -> requests.Response:
        self.calls += 1
        return self._session.get(f"{self.root}/{path}")
