"""A public key of KMS as a JWK, without a library of cryptography."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bridge_cli.jwk import public_jwk
from tests.stages import jwt_key


@pytest.mark.parametrize("size", [2048, 3072])
def test_it_is_the_jwk_that_a_library_makes(size: int) -> None:
    """Whatever the size of the key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=size).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public_jwk(der, "kid") == jwt_key.public_jwk(key, "kid")


@pytest.mark.parametrize("der", [b"", b"0", b"\x30\x82\xff\xff", b"\x02\x01\x01"])
def test_what_is_no_key_is_refused(der: bytes) -> None:
    """Bytes of any kind."""
    with pytest.raises(ValueError, match="no RSA public key"):
        public_jwk(der, "kid")


def test_a_key_of_another_kind_is_refused() -> None:
    """Such as one on a curve."""
    der = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ValueError, match="no RSA public key"):
        public_jwk(der, "kid")
