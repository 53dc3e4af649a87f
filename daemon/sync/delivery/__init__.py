"""Sends what is owed to Salesforce."""
