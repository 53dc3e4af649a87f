"""A small Magento and a small Salesforce that answer, and refuse, like the real ones."""
