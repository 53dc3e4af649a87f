"""Checks the private key that signs assertions for Salesforce."""

_SMALLEST = 2048
_NEW = (
    "openssl req -x509 -newkey rsa:2048 -noenc -days 730 -subj /CN=invoice-sync "
    "-keyout salesforce_private_key -out certificate.pem"
)


def problem_of_key(pem: str) -> str | None:
    """Return the key's fault, as the rest of a sentence about the key; None for a good key."""
    if "PRIVATE KEY-----" not in pem:
        if "-----BEGIN CERTIFICATE" in pem:
            return "is a certificate, which belongs in the app in Salesforce; put its private key here"
        if "-----BEGIN PUBLIC KEY" in pem or "-----BEGIN RSA PUBLIC KEY" in pem:
            return "is a public key; put the private key here"
        return f"is not a private key in PEM (-----BEGIN PRIVATE KEY-----); make one with its certificate: {_NEW}"
    if "-----BEGIN ENCRYPTED" in pem or "Proc-Type: 4,ENCRYPTED" in pem:
        return "is encrypted, and the daemon cannot ask for its passphrase; decrypt it with: openssl pkey -in FILE"
    return _problem_of_plain_key(pem)


def _problem_of_plain_key(pem: str) -> str | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "is cut short or damaged: copy the whole file, from -----BEGIN to the END line, with its line breaks"
    if not isinstance(key, RSAPrivateKey):
        return f"is not an RSA key, the only kind that Salesforce takes; make one with its certificate: {_NEW}"
    if key.key_size < _SMALLEST:
        return f"has {key.key_size} bits, and Salesforce wants {_SMALLEST} or more; make a new one: {_NEW}"
    return None
