"""The Magento side: the shop's database, and its REST API over HTTP."""
