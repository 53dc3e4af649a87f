"""Counts the refused sign-ins to Magento's administrator account in the state, so that none locks it."""

from datetime import datetime

from daemon.sync.tools import Tools
from state.sign_ins import FACT, count_refused, forget_refused, locked_until


class AccountSignIns:
    """Counts this process's sign-ins together with those of commands."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def count(self, taken: bool) -> None:
        """Count one more refused sign-in, or begin again after a good one."""
        if taken:
            forget_refused(self._tools.store)
        else:
            count_refused(self._tools.store, self._tools.now())

    def locked_until(self) -> datetime | None:
        """Return until when one more refused sign-in may lock the account, else None."""
        return locked_until(self._tools.store.facts.get(FACT), self._tools.now())
