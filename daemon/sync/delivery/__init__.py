"""Sends owed invoices and notes to Salesforce."""
