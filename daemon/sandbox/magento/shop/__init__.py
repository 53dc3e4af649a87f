"""The Magento database: invoices, orders, comments and what happens to them."""

from daemon.sandbox.magento.shop.purchase import Customer, Line, Purchase
from daemon.sandbox.magento.shop.shop import Shop
from daemon.sandbox.magento.shop.tables import Wire
from daemon.sandbox.magento.shop.ways import READABLE, WAYS, Way

__all__ = ["READABLE", "WAYS", "Customer", "Line", "Purchase", "Shop", "Way", "Wire"]
