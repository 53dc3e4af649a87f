"""Salesforce's error codes with their remedies: a row is a remedy and the codes that share it."""
