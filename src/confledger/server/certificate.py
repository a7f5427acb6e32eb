"""The certificate that the service makes for itself, where its owner has none."""

import ipaddress
import socket
import tempfile
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

    It is good for this machine's names, the loopback addresses and the `host` of that
    first call, for ten years. A client can trust it by its file.

    Returns:
        The paths of the certificate and of its key (PEM); the key has mode 0600.

    Raises:
        SettingError: the files can't be made.
    """
    made = folder / "tls"
    try:
        if not made.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _make(made, host)
    except OSError as error:
        raise SettingError(
            f"a TLS certificate can't be made in {folder}: {error.strerror}"
        ) from error
    return made / "certificate.pem", made / "key.pem"


def names_host(certificate: Path, host: str) -> bool:
    """Whether a certificate (PEM) is good for a host, as a client would call it."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return set(_names(host)) <= set(names)


def _make(folder: Path, host: str) -> None:
    """Make both files in a folder aside, and move that into place.

    Of two processes that start at once one wins, and no one ever has a certificate
    with the other's key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate_pem = _certificate(key, host).public_bytes(serialization.Encoding.PEM)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as aside:
        made = Path(aside) / folder.name
        made.mkdir()
        (made / "certificate.pem").write_bytes(certificate_pem)
        (made / "key.pem").touch(mode=0o600)
        (made / "key.pem").write_bytes(key_pem)
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():
                raise


def _certificate(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "confledger")])
    now = datetime.now(UTC)
    hosts = ("localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn(), host)
    names = dict.fromkeys(name for each in hosts for name in _names(each))
    public_key = key.public_key()
    key_identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(key_identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )


def _names(host: str) -> list[x509.GeneralName]:
    """A host as a certificate names it; nothing for one that stands for all addresses."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - these name no host
        return []
    try:
        return [x509.IPAddress(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        return [x509.DNSName(host)]
    except ValueError:
        # A host name that no certificate can hold is no reason not to start.
        return []
