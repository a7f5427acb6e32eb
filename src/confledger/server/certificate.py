"""The certificate that the service makes for itself, where its owner has none."""

import ipaddress
import os
import socket
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from confledger.errors import SettingError

_LIFE: Final = timedelta(days=3650)


def self_signed_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """The certificate and key of a folder, made at the first call and kept.

    It is good for this machine's names, the loopback addresses and `host`, for ten
    years. A client can trust it by its file.

    Returns:
        The paths of the certificate and of its key (PEM); the key has mode 0600.

    Raises:
        SettingError: the files can't be made.
    """
    certificate, key = folder / "tls-certificate.pem", folder / "tls-key.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (certificate.exists() and key.exists()):
            _make(certificate, key, host)
    except OSError as error:
        raise SettingError(
            f"the TLS certificate {certificate} can't be made: {error.strerror}"
        ) from error
    return certificate, key


def _make(certificate_path: Path, key_path: Path, host: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "confledger")])
    now = datetime.now(UTC)
    public_key = key.public_key()
    key_identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(key_identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(key_path, key_pem, 0o600)
    _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _names(host: str) -> list[x509.GeneralName]:
    """What a client may call this service by."""
    names = {"localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn(), host}
    addresses, domains = [], []
    for name in sorted(names - {"", "0.0.0.0", "::"}):  # noqa: S104 - these name no host
        try:
            addresses.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            # A host name that no certificate can hold is no reason not to start.
            with suppress(ValueError):
                domains.append(x509.DNSName(name))
    return [*domains, *addresses]


def _write(path: Path, content: bytes, mode: int) -> None:
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    aside.replace(path)
