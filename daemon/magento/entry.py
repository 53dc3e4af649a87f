"""Why Magento does not let us in, as far as its answers tell, and the menu path that mends it."""

import re
from typing import Literal

from daemon.errors import SideRefused

Way = Literal["oauth1", "bearer", "admin"]
ACCOUNT_REFUSED = "Magento refused the sign-in of magento_username"
"""How the reason of a pause begins that six tries would turn into a locked account."""

_INTEGRATION = "System > Extensions > Integrations"
_RESOURCES = {
    "Magento_Sales::sales_invoice": "Sales > Operations > Invoices",
    "Magento_Sales::actions_view": "Sales > Operations > Orders > Actions > View",
}
# OAuth 1.0a: what is wrong with the keys is told by these words; a missing permission has others.
_KEYS = {
    "Access token has been revoked": f"Activate the integration again ({_INTEGRATION}) and use its new keys.",
    "The signature is invalid": "Check the two secrets; behind a proxy, base_url must be the URL that Magento sees.",
    "An error occurred validating the nonce": "This machine's clock is ahead of Magento's by more than ten minutes.",
    "Specified token does not exist": f"Copy the access token of the integration anew ({_INTEGRATION}).",
    "A consumer having the specified key": f"Copy the consumer key of the integration anew ({_INTEGRATION}).",
    "Consumer key is not the correct length": "The consumer key has 32 characters; copy it anew.",
}
_BEARER_OFF = (
    "An integration's token is refused as Bearer since Magento 2.4.4, unless Stores > Configuration > Services > OAuth "
    "> Consumer Settings > Allow OAuth Access Tokens to be used as standalone Bearer tokens is Yes; "
    "magento.auth: oauth1 needs no such setting"
)
_WITHOUT_SECOND_FACTOR = (
    "A daemon cannot answer a second factor: use an integration instead, which has none "
    f"({_INTEGRATION} > Add New Integration; magento.auth: oauth1)."
)


def not_let_in(words: str, way: Way) -> SideRefused:
    """For a call that is refused with 401, which Magento says of an unknown caller and of a missing permission."""
    hint = next((hint for text, hint in _KEYS.items() if text in words), None)
    return SideRefused(
        f"Magento refused: {words}",
        side="magento",
        hint=hint or _permission(words, way),
        probe="hourly" if way == "admin" else "sign-in",
        about_secrets=hint is not None or way == "bearer",
    )


def _permission(words: str, way: Way) -> str:
    """What to allow, and where. Whether the token is wrong can be told for ``oauth1`` and ``admin`` alone."""
    found = re.search(r"Magento_\w+::\w+", words)
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
        "Magento answers alike to three causes. The token is wrong or revoked: copy the access token anew "
        f"({_INTEGRATION}). The integration lacks the resource: {where}: {wanted}. {_BEARER_OFF}."
    )


def signature_refused(words: str) -> SideRefused:
    """For a call whose way of signing this Magento does not take: HMAC-SHA1 from 2.4.4 on, or SHA256 by some before."""
    wanted = "hmac-sha256" if "SHA1" in words else "hmac-sha1"
    return SideRefused(f"Magento refused: {words}", side="magento", hint=f"Set magento.signature: {wanted}.")


def account_refused(words: str, status: int) -> SideRefused:
    """For an administrator's sign-in that is refused; not to be repeated soon."""
    if status == 401:
        hint = (
            "Magento says the same of four causes. The user name is unknown or the password wrong: correct "
            "magento_username and magento_password. The account is inactive: System > Permissions > All Users. It is "
            "locked: System > Permissions > Locked Users; the lock of API sign-ins after six failures ends by itself "
            "after 30 minutes (Stores > Configuration > Services > OAuth > Authentication Locks). An integration is "
            f"never locked ({_INTEGRATION}; magento.auth: oauth1)."
        )
    elif "2fa" in words.lower():
        hint = f"The password is right, but two-factor authentication is on. {_WITHOUT_SECOND_FACTOR}"
    else:
        hint = f"Most likely two-factor authentication is on. {_WITHOUT_SECOND_FACTOR}"
    return SideRefused(
        f"{ACCOUNT_REFUSED}: {words}",
        side="magento",
        hint=hint,
        probe="hourly",
        about_secrets=True,
    )
