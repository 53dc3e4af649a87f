"""Salesforce's error codes with their remedies: a row has a remedy and all codes with this remedy."""
