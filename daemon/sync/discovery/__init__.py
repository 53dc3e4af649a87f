"""Reads Magento into the ledger."""
