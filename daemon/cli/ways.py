"""The ways to sign in that ``init`` offers, each in a few words."""

MAGENTO_WAYS = {
    "oauth1": "the four keys of an integration",
    "bearer": "its access token alone; refused since Magento 2.4.4 unless switched on",
    "admin": "an administrator's name and password; not with two-factor authentication",
}
SALESFORCE_WAYS = {
    "client_credentials": "consumer key and secret of an External Client App",
    "jwt_bearer": "its consumer key, and a private key of your own",
}
