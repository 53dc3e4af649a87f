"""Reads invoices, comments and orders from Magento."""

from daemon.magento.account import SignIns
from daemon.magento.client import Magento, Resource
from daemon.magento.errors import PageTooLarge
from daemon.magento.pages import Page, Watched, WatchedPage
from daemon.magento.sign_in_errors import AccessDenied, is_account_denied

__all__ = [
    "AccessDenied",
    "Magento",
    "Page",
    "PageTooLarge",
    "Resource",
    "SignIns",
    "Watched",
    "WatchedPage",
    "is_account_denied",
]
