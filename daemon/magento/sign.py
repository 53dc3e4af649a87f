"""How calls to Magento are signed: OAuth 1.0a with HMAC-SHA256, or an integration's token as Bearer."""

from collections.abc import Mapping

import requests
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client
from requests.auth import AuthBase


class OAuth1(AuthBase):
    """Signs each call anew: Magento refuses a nonce that it has seen, so a retry must not reuse its signature.

    HMAC-SHA256, because Magento refuses HMAC-SHA1 from 2.4.4 on.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign this call."""
        client = Client(
            self._secrets["magento_consumer_key"],
            client_secret=self._secrets["magento_consumer_secret"],
            resource_owner_key=self._secrets["magento_access_token"],
            resource_owner_secret=self._secrets["magento_access_token_secret"],
            signature_method=SIGNATURE_HMAC_SHA256,
        )
        _, headers, _ = client.sign(str(request.url), http_method="GET")
        request.headers.update(headers)
        return request


class Bearer(AuthBase):
    """An integration's access token; Magento takes it only where that is switched on (off by default since 2.4.4)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on this call."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
