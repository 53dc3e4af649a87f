"""Reads the names and the last day of an untrusted certificate, for the person to renew it."""

import ssl
from urllib.parse import urlsplit

from cryptography import x509


def shown_certificate(url: str, seconds: float) -> str:
    """Return `` (it is for shop.example.com, until 2026-11-22)``; an empty text without a certificate.

    The failed handshake gives no certificate out, so a second one asks for it, and nothing is sent.
    """
    parts = urlsplit(url)
    try:
        pem = ssl.get_server_certificate((parts.hostname or "", parts.port or 443), timeout=seconds)
        shown = x509.load_pem_x509_certificate(pem.encode())
        names = _names(shown)
    except (OSError, ValueError):
        return ""
    until = f"until {shown.not_valid_after_utc:%Y-%m-%d}"
    return f" (it is for {', '.join(names[:3])}, {until})" if names else f" (it is valid {until})"


def _names(shown: x509.Certificate) -> list[str]:
    try:
        others = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*others.get_values_for_type(x509.DNSName), *map(str, others.get_values_for_type(x509.IPAddress))]
