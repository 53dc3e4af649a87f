"""The daemon: polls Magento for invoices and carries them, with items and comments, into Salesforce."""
