"""Recognizes an unknown store in a URL of Magento's REST API."""

import requests

from daemon.magento.error_answer import ErrorAnswer
from daemon.magento.errors import place_unknown
from daemon.magento.sign import Unsigned
from daemon.redaction import Redaction


def require_place(response: requests.Response, session: requests.Session, root: str, redaction: Redaction) -> None:
    """Raise SideDenied for a call that failed because of an unknown store in its URL.

    Magento looks at the place before it looks at the caller, so a call without a sign-in fails in the same way.
    """
    if response.status_code != 400:
        return
    answer = ErrorAnswer.of(response, redaction)
    if answer.is_unexplained:
        unsigned = session.get(f"{root}/store/storeConfigs", auth=Unsigned())
        if ErrorAnswer.of(unsigned, redaction).is_unexplained:
            raise place_unknown(answer)
