"""Magento's REST API over a shop, with all its surprises for clients."""

from daemon.sandbox.magento.http.app import create_app
from daemon.sandbox.magento.http.options import Magento

__all__ = ["Magento", "create_app"]
