"""Checks OAuth 1.0a as Magento does: over a base string that is not always the RFC's."""

from __future__ import annotations

import base64
import hmac
import re
from urllib.parse import quote, unquote

from daemon.sandbox.magento.http.errors import ApiError, fields_missing
from daemon.sandbox.magento.http.options import Magento, Version

_REQUIRED = ("consumer_key", "token", "signature", "signature_method", "nonce", "timestamp")
_DIGESTS = {"HMAC-SHA256": "sha256", "HMAC-SHA1": "sha1"}
_AHEAD = 600
"""The seconds by which a timestamp may lie in the future; any past one is accepted."""


def check_oauth(magento: Magento, authorization: str, method: str, url: str, query: str) -> None:
    """Refuse a call without a valid `Authorization: OAuth` header, in Magento's order of checks."""
    protocol = read_header(authorization)
    missing = [f"oauth_{name}" for name in _REQUIRED if not protocol.get(f"oauth_{name}")]
    if missing:
        raise fields_missing(missing)
    key, token = protocol["oauth_consumer_key"], protocol["oauth_token"]
    if len(key) != len(magento.consumer_key):
        raise ApiError(401, "Consumer key is not the correct length")
    if key != magento.consumer_key:
        raise ApiError(401, "A consumer having the specified key does not exist")
    _check_nonce(magento, protocol["oauth_nonce"], protocol["oauth_timestamp"])
    if token != magento.access_token:
        raise ApiError(401, "Specified token does not exist")
    if magento.revoked:
        raise ApiError(401, "Access token has been revoked")
    signature_method = protocol["oauth_signature_method"]
    if signature_method not in magento.signatures:
        raise ApiError(400, "Signature method %1 is not supported", [signature_method])
    signature = protocol.pop("oauth_signature")
    expected = sign(
        method,
        url,
        [*protocol.items(), *read_query(query, magento.version)],
        secrets=(magento.consumer_secret, magento.access_token_secret),
        version=magento.version,
        digest=_DIGESTS[signature_method],
    )
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        raise ApiError(401, "The signature is invalid. Verify and try again.")


def _check_nonce(magento: Magento, nonce: str, timestamp: str) -> None:
    if not timestamp.isdigit() or int(timestamp) > magento.now() + _AHEAD:
        raise ApiError(401, "An error occurred validating the nonce")
    if (nonce, timestamp) in magento.nonces:
        raise ApiError(401, "The nonce is already being used by the consumer with ID %1", ["1"])
    magento.nonces.add((nonce, timestamp))


def sign(
    method: str,
    url: str,
    parameters: list[tuple[str, str]],
    *,
    secrets: tuple[str, str],
    version: Version,
    digest: str = "sha256",
) -> str:
    """Return the signature of a call. For indexes of two digits the order of names differs from the RFC's."""
    if version == "2.4.8":
        ordered = sorted(parameters)  # by the names before percent-encoding
    else:
        ordered = sorted(parameters, key=lambda each: _natural(_encode(each[0])))
    joined = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in ordered)
    base = "&".join(_encode(part) for part in (method.upper(), url, joined))
    key = "&".join(_encode(secret) for secret in secrets)
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), digest)).decode()


def read_header(authorization: str) -> dict[str, str]:
    """Return the protocol parameters in the header."""
    pairs = re.findall(r'(\w+)="([^"]*)"', authorization.partition(" ")[2])
    return {name: unquote(value) for name, value in pairs if name != "realm"}


def read_query(query: str, version: Version) -> list[tuple[str, str]]:
    """Return the query's parameters for signing: a `+` stays a plus and is no space here.

    2.4.6 and 2.4.7 do not sign a name without `=`; 2.4.8 signs an empty value.
    """
    pairs = []
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if equals or version == "2.4.8":
            pairs.append((unquote(name), unquote(value)))
    return pairs


def _encode(text: str) -> str:
    return quote(text, safe="~")


def _natural(text: str) -> list[tuple[int, int]]:
    """Return a sort key like PHP's strnatcmp: runs of digits count as numbers, so 2 comes before 10."""
    return [(ord("0"), int(run)) if run.isdigit() else (ord(run), -1) for run in re.findall(r"\d+|\D", text)]
