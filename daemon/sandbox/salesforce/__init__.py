"""The Salesforce side: the org's database, and its APIs over HTTP."""
