"""A small Magento and a small Salesforce with the answers and errors of the real ones."""
