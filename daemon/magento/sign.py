"""Signs calls to Magento: by OAuth 1.0a, or with a token as Bearer."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import requests
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client
from requests.auth import AuthBase

_METHODS = {"hmac-sha256": SIGNATURE_HMAC_SHA256, "hmac-sha1": SIGNATURE_HMAC_SHA1}


class OAuth1(AuthBase):
    """Signs each call, and each retry again: Magento denies a repeated nonce.

    HMAC-SHA256 unless the settings say otherwise: Magento denies HMAC-SHA1 from 2.4.4 on. ``seen_as``: the scheme and
    host to sign, where Magento sees another address than was called.
    """

    def __init__(self, secrets: Mapping[str, str], signature: str = "hmac-sha256", seen_as: str | None = None) -> None:
        self._secrets = secrets
        self._seen_as = urlsplit(seen_as) if seen_as else None
        self._method = _METHODS[signature]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign this call."""
        client = Client(
            self._secrets["magento_consumer_key"],
            client_secret=self._secrets["magento_consumer_secret"],
            resource_owner_key=self._secrets["magento_access_token"],
            resource_owner_secret=self._secrets["magento_access_token_secret"],
            signature_method=self._method,
        )
        url = str(request.url)
        if self._seen_as:
            url = urlsplit(url)._replace(scheme=self._seen_as.scheme, netloc=self._seen_as.netloc).geturl()
        _, headers, _ = client.sign(url, http_method="GET")
        request.headers.update(headers)
        return request


class Bearer(AuthBase):
    """A token in the header: an administrator's, or an integration's where allowed (by default before 2.4.4)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on this call."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Unsigned(AuthBase):
    """A call without a sign-in: the session's own is not used either."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the call without a change."""
        return request
