"""Names the cause of a denied sign-in or permission, as far as Magento tells, and the menu path to fix it."""

import re
from datetime import datetime
from typing import Literal

from daemon.errors import Probe, SideDenied
from daemon.redaction import Redaction

Way = Literal["oauth1", "bearer", "admin"]
Cause = Literal["permission", "signature", "keys", "clock", "method", "account", "unknown"]
ACCOUNT_DENIED = "Magento denied the sign-in of magento_username"
"""The beginning of a pause's reason that is about the account, which six tries would lock."""

_INTEGRATION = "System > Extensions > Integrations"
_RESOURCES = {
    "Magento_Sales::sales_invoice": "Sales > Operations > Invoices",
    "Magento_Sales::actions_view": "Sales > Operations > Orders > Actions > View",
}
# OAuth 1.0a: Magento tells by words alone which key is wrong, and a shop may have them translated. Without one of these
# texts no cause is claimed.
_KEYS: dict[str, tuple[Cause, str]] = {
    "Access token has been revoked": (
        "keys",
        f"Activate the integration again ({_INTEGRATION}) and use its new keys.",
    ),
    "The signature is invalid": (
        "signature",
        "Check the two secrets; behind a proxy, magento.base_url must be the URL that Magento sees.",
    ),
    "An error occurred validating the nonce": (
        "clock",
        "This machine's clock is ahead of Magento's by more than ten minutes.",
    ),
    "Specified token does not exist": (
        "keys",
        f"Copy the access token of the integration again ({_INTEGRATION}).",
    ),
    "A consumer having the specified key": (
        "keys",
        f"Copy the consumer key of the integration again ({_INTEGRATION}).",
    ),
    "Consumer key is not the correct length": (
        "keys",
        "The consumer key has 32 characters; copy it again.",
    ),
}
_AHEAD = 600  # seconds: Magento denies a signature from further ahead
_BEARER_OFF = (
    "Since Magento 2.4.4 an integration's token is denied as Bearer, unless Stores > Configuration > Services > OAuth "
    "> Consumer Settings > Allow OAuth Access Tokens to be used as standalone Bearer tokens is Yes; "
    "magento.auth: oauth1 needs no such setting"
)
_NTP = "Let both machines set their clocks by NTP (timedatectl)."
_WITHOUT_SECOND_FACTOR = (
    "A daemon cannot answer a second factor: use an integration instead, which has none "
    f"({_INTEGRATION} > Add New Integration; magento.auth: oauth1)."
)


def is_account_denied(reason: str | None, redaction: Redaction) -> bool:
    """Return whether a pause with this reason is about the administrator's account.

    The state keeps reasons without secrets, and a secret may be a word of ours.
    """
    return reason is not None and reason.startswith(redaction.clean(ACCOUNT_DENIED))


class AccessDenied(SideDenied):
    """Magento denies a sign-in or a permission. ``cause``: why, as far as the answer tells in any language."""

    def __init__(
        self,
        message: str,
        *,
        cause: Cause,
        hint: str | None,
        probe: Probe = "sign-in",
        about_secrets: bool = False,
    ) -> None:
        super().__init__(message, side="magento", hint=hint, probe=probe, about_secrets=about_secrets)
        self.cause: Cause = cause


def tells_cause(words: str) -> bool:
    """Return whether these words of a 401 name a known cause."""
    return any(text in words for text in _KEYS)


def access_denied(words: str, way: Way, *, resources: str | None, ahead: float | None = None) -> AccessDenied:
    """Return the error for a 401, which Magento gives to an unknown caller and for a missing permission.

    ``resources``: the resources that the caller may not use, named for a missing permission alone (and, except with
    ``oauth1``, for a wrong token). ``ahead``: seconds that the call's signature was ahead of Magento's clock.
    """
    cause, hint = _cause(words, way, resources, ahead)
    return AccessDenied(
        f"Magento denied access: {words}",
        cause=cause,
        hint=hint,
        probe="hourly" if way == "admin" else "sign-in",
        about_secrets=cause != "permission" or way == "bearer",
    )


def _cause(words: str, way: Way, resources: str | None, ahead: float | None) -> tuple[Cause, str]:
    if resources is not None or way == "bearer":
        return "permission", _permission(resources or "", way)
    known = next((found for text, found in _KEYS.items() if text in words), None)
    if known is not None:
        return known
    if way == "admin":
        return "unknown", (
            "Magento names no resource, and no cause in known words. An integration signs in "
            f"without an administrator's account ({_INTEGRATION}; magento.auth: oauth1)."
        )
    if ahead is not None and ahead > _AHEAD:
        return "clock", f"This machine's clock is {ahead / 60:.0f} minutes ahead of Magento's. {_NTP}"
    return "unknown", (
        "Magento names no cause in known words. It names no resource either, so the permissions are not the cause. "
        f"Possible causes: one of the four keys is wrong (copy them again: {_INTEGRATION}), the integration was "
        "deactivated or given new keys, or Magento sees another URL than base_url. `invoice-sync check` looks for it."
    )


def _permission(resources: str, way: Way) -> str:
    """Return the permission to grant, and its place; a wrong token looks the same, except with oauth1 and admin."""
    # Only from the beginning of a word: where each letter could begin a match, a long word takes quadratic time.
    found = re.search(r"\bMagento_\w++::\w+", resources)
    resource = _RESOURCES.get(found[0], found[0]) if found else None
    both = f"{_RESOURCES['Magento_Sales::sales_invoice']}, and {_RESOURCES['Magento_Sales::actions_view']}"
    wanted = f"allow {resource or both}"
    where = f"{_INTEGRATION} > the integration > API"
    if way == "admin":
        return (
            "The sign-in is good, but the administrator's role lacks the resource: System > Permissions > User Roles > "
            f"the role > Role Resources: {wanted}."
        )
    if way == "oauth1":
        return f"The keys are good, but the integration lacks the resource, or is inactive: {where}: {wanted}."
    return (
        "Magento gives this answer for three causes. The token is wrong or revoked: copy the access token again "
        f"({_INTEGRATION}). The integration lacks the resource: {where}: {wanted}. {_BEARER_OFF}."
    )


def signature_denied(words: str, method: str) -> AccessDenied:
    """Return the error for a denied signature method: HMAC-SHA1 from 2.4.4 on, HMAC-SHA256 in some versions before."""
    wanted = "hmac-sha256" if method == "HMAC-SHA1" else "hmac-sha1"
    return AccessDenied(f"Magento denied access: {words}", cause="method", hint=f"Set magento.signature: {wanted}.")


def account_spared(until: datetime) -> AccessDenied:
    """Return the error for a withheld sign-in of an administrator, which could lock the account."""
    return AccessDenied(
        f"{ACCOUNT_DENIED} several times in a row; one more could lock the account, so it is not tried before "
        f"{until:%Y-%m-%d %H:%M} UTC",
        cause="account",
        hint="Correct magento_username and magento_password before then. An integration is never locked "
        f"({_INTEGRATION}; magento.auth: oauth1).",
        probe="hourly",
        about_secrets=True,
    )


def account_denied(words: str, status: int, *, second_factor: bool) -> AccessDenied:
    """Return the error for a denied sign-in of an administrator, with a pause of an hour.

    ``second_factor``: the answer names providers of a second factor.
    """
    if status == 401:
        hint = (
            "Magento gives this answer for four causes. The user name is unknown or the password wrong: correct "
            "magento_username and magento_password. The account is inactive: System > Permissions > All Users. It is "
            "locked: System > Permissions > Locked Users; the lock of API sign-ins after six failures ends by itself "
            "after 30 minutes (Stores > Configuration > Services > OAuth > Authentication Locks). An integration is "
            f"never locked ({_INTEGRATION}; magento.auth: oauth1)."
        )
    elif second_factor or "2fa" in words.lower():
        hint = f"The password is right, but two-factor authentication is on. {_WITHOUT_SECOND_FACTOR}"
    else:
        hint = (
            "Magento names no cause in known words. If two-factor authentication is on: "
            f"{_WITHOUT_SECOND_FACTOR[0].lower()}{_WITHOUT_SECOND_FACTOR[1:]}"
        )
    return AccessDenied(
        f"{ACCOUNT_DENIED}: {words}",
        cause="account",
        hint=hint,
        probe="hourly",
        about_secrets=True,
    )
