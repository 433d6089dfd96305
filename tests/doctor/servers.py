"""Servers on sockets of their own, polite and hostile, each in a thread until the test is over."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

# What a server does with a connection, after the head of the request was read into bytes.
Behaviour = Callable[[socket.socket, bytes], None]


@contextmanager
def serving(
    behave: Behaviour, context: ssl.SSLContext | None = None, *, reads_head: bool = True
) -> Iterator[int]:
    """Serve every connection in the same way; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, behave, context, reads_head))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # A connection wakes a thread that waits for one, on every system.
            listener.settimeout(0)
            with suppress(OSError):
                socket.create_connection(listener.getsockname(), timeout=5).close()
            thread.join(10)
            assert not thread.is_alive()


def _accept(
    listener: socket.socket,
    behave: Behaviour,
    context: ssl.SSLContext | None,
    reads_head: bool,
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(5)
        # A client that hangs up is part of the plan.
        with suppress(OSError):
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            behave(connection, _head(connection) if reads_head else connection.recv(4096))
        connection.close()


def _head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received and (more := connection.recv(4096)):
        received += more
    return received


def answering(octets: bytes) -> Behaviour:
    """Send the same octets to everybody."""
    return lambda connection, request: connection.sendall(octets)


def dripping(first: bytes, drop: bytes) -> Behaviour:
    """Send a little, and then a drop for as long as the client stays."""

    def drip(connection: socket.socket, request: bytes) -> None:
        connection.sendall(first)
        connection.settimeout(0.02)
        while True:
            connection.sendall(drop)
            try:
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                continue

    return drip


def pouring(first: bytes, bucket: bytes) -> Behaviour:
    """Send without end, as fast as the client takes it."""

    def pour(connection: socket.socket, request: bytes) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(bucket)

    return pour


def silent(connection: socket.socket, request: bytes) -> None:
    """Say nothing until the client gives up."""
    connection.recv(1)


def certificate(folder: Path, *hosts: str) -> Path:
    """Write a self-signed certificate for 127.0.0.1 and other hosts, and its key, into one file."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ip_address("127.0.0.1")), *map(x509.DNSName, hosts)]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(pem + made.public_bytes(Encoding.PEM))
    return path
