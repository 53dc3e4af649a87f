"""Private keys for tests to sign in with, and their certificates for the other side."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

_PLAIN = NoEncryption()


@cache
def key_pair(which: int = 0) -> tuple[str, str]:
    """Return a private key and its public one, as PEM; made once for all tests, and another for each ``which``."""
    return _both(rsa.generate_private_key(65537, 2048))


@cache
def short_key() -> str:
    """Return an RSA key that is too short."""
    return _both(rsa.generate_private_key(65537, 1024))[0]


@cache
def elliptic_key() -> str:
    """Return a key of another kind."""
    return _both(ec.generate_private_key(ec.SECP256R1()))[0]


@cache
def encrypted_key() -> str:
    """Return a key with a passphrase."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush")).decode()


def _both(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _PLAIN)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
