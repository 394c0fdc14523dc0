"""A public key as a JWK (RFC 7517), the form in which Okta takes the key of a service app."""

import base64

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


def public_jwk(key: RSAPublicKey, key_id: str) -> dict[str, str]:
    """The JWK of an RSA public key."""
    numbers = key.public_numbers()
    return {"kty": "RSA", "kid": key_id, "use": "sig", "alg": "RS256", "n": _text(numbers.n), "e": _text(numbers.e)}


def _text(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
