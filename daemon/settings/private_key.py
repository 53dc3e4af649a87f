"""Whether a text is the private key that Salesforce's assertions are signed with, and in a sentence what it is not."""

_SMALLEST = 2048
_NEW = (
    "openssl req -x509 -newkey rsa:2048 -noenc -days 730 -subj /CN=invoice-sync "
    "-keyout salesforce_private_key -out certificate.pem"
)


def problem_of_key(pem: str) -> str | None:
    """What is wrong with the key, to be put after its name; None when it can sign."""
    if "PRIVATE KEY-----" not in pem:
        if "-----BEGIN CERTIFICATE" in pem:
            return (
                "is a certificate, which belongs into the app in Salesforce: here goes the private key it was made with"
            )
        if "-----BEGIN PUBLIC KEY" in pem or "-----BEGIN RSA PUBLIC KEY" in pem:
            return "is a public key: here goes the private one"
        return f"is no private key in PEM (-----BEGIN PRIVATE KEY-----); make one with its certificate: {_NEW}"
    if "-----BEGIN ENCRYPTED" in pem or "Proc-Type: 4,ENCRYPTED" in pem:
        return "is encrypted, and nobody is there to type its passphrase; write it decrypted: openssl pkey -in FILE"
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
        return f"is not an RSA key, and Salesforce takes no other; make one with its certificate: {_NEW}"
    if key.key_size < _SMALLEST:
        return f"has {key.key_size} bits, and Salesforce wants {_SMALLEST} or more; make a new one: {_NEW}"
    return None
