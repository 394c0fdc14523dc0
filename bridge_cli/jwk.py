"""A public RSA key of AWS KMS as the JWK that Okta's service app takes.

Source: RFC 5280, section 4.1 (SubjectPublicKeyInfo), RFC 8017, appendix A.1.1 (RSAPublicKey), RFC 7518, section 6.3.1.
"""

from __future__ import annotations

import base64

_SEQUENCE, _BIT_STRING, _INTEGER = 0x30, 0x03, 0x02
_LONG = 0x80


def public_jwk(der: bytes, key_id: str) -> dict[str, str]:
    """The JWK of a key.

    Args:
        der: SubjectPublicKeyInfo, as kms:GetPublicKey answers it.
        key_id: becomes the ``kid``, by which the bridge's assertions name it.

    Raises:
        ValueError: it is no RSA key in that form.
    """
    info, _ = _inside(der, _SEQUENCE)
    _algorithm, rest = _inside(info, _SEQUENCE)
    bits, _ = _inside(rest, _BIT_STRING)
    key, _ = _inside(bits[1:], _SEQUENCE)  # the first byte counts unused bits: none
    modulus, rest = _inside(key, _INTEGER)
    exponent, _ = _inside(rest, _INTEGER)
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key_id,
        "e": _base64url(exponent.lstrip(b"\0")),
        "n": _base64url(modulus.lstrip(b"\0")),
    }


def _inside(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """What an element contains, and what stands behind it."""
    if len(der) < 2 or der[0] != tag:  # noqa: PLR2004 - tag and length
        raise ValueError("no RSA public key")
    length, start = der[1], 2
    if length & _LONG:
        start = 2 + (length & ~_LONG)
        length = int.from_bytes(der[2:start])
    if len(der) < start + length:
        raise ValueError("no RSA public key")
    return der[start : start + length], der[start + length :]


def _base64url(number: bytes) -> str:
    return base64.urlsafe_b64encode(number).rstrip(b"=").decode()
