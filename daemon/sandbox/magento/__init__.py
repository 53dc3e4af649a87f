"""Magento's REST API over a shop, with everything that surprises its clients."""

from daemon.sandbox.magento.app import create_app
from daemon.sandbox.magento.options import Magento

__all__ = ["Magento", "create_app"]
