"""The client for requests to other servers: its limits, its connections, the proxies it uses."""

from __future__ import annotations

import base64
import socket
import ssl
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mcp_oauth_discovery.verifiers import clients
from mcp_oauth_discovery.verifiers.clients import Client
from mcp_oauth_discovery.verifiers.exchanges import Deadline, Late, Unreachable
from tests.outside.servers import Reply, serving

LIMIT = 1000


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def get(client, server):
    def get(url="/", seconds=5.0):
        url = f"{server.origin}{url}" if url.startswith("/") else url
        return client.send("GET", url, Deadline(seconds), limit=LIMIT, headers={"X-Own": "1"})

    return get


def test_answer_has_status_headers_and_body(get, server):
    server.replies["/"] = Reply({"a": 1}, 418, {"X-Their": "2"})
    answer = get()
    assert (answer.status, answer.headers["x-their"], answer.body) == (418, "2", b'{"a": 1}')
    assert server.received[0].headers["x-own"] == "1"
    assert server.received[0].headers["user-agent"].startswith("django-mcp-oauth-discovery/")


def test_answer_of_the_largest_size_is_read(get, server):
    server.replies["/"] = Reply(b"x" * LIMIT)
    assert len(get().body) == LIMIT
    server.replies["/"] = Reply(b"x" * (LIMIT + 1))
    with pytest.raises(Unreachable, match="the answer has more than 1,000 octets"):
        get()


def test_compressed_answer_is_not_unpacked(get, server):
    server.replies["/"] = Reply(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert get().body == b"\x1f\x8b"
    assert server.received[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("is_in_head", [False, True])
def test_answer_that_drips_is_late(get, server, is_in_head):
    # It is complete after four seconds, in which the socket is never idle for long.
    server.replies["/"] = server.drip("x" * 200, head=is_in_head)
    with pytest.raises(Late, match=r"no complete answer within 0\.2 seconds"):
        get(seconds=0.2)


def test_nothing_is_read_after_the_end_of_the_timeout():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x")
        ours.settimeout(0)
        with clients._TimedReader(ours) as reader, pytest.raises(TimeoutError):  # noqa: SLF001
            reader.read(1)


def test_each_read_has_what_is_left_of_the_timeout(monkeypatch):
    clock = iter([100.0, 103.0])
    monkeypatch.setattr(clients.time, "monotonic", lambda: next(clock))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x")
        ours.settimeout(5)
        with clients._TimedReader(ours) as reader:  # noqa: SLF001
            assert reader.read(1) == b"x"
        assert ours.gettimeout() == 2


def test_answer_that_never_comes_is_late(get, server):
    server.replies["/"] = server.hang
    with pytest.raises(Late):
        get(seconds=0.2)


def test_no_request_is_sent_after_the_deadline(get, server):
    with pytest.raises(Late):
        get(seconds=0)
    assert server.received == []


def test_endless_trailers_are_refused(get, server, monkeypatch):
    monkeypatch.setattr(clients, "_MOST_OCTETS", 100_000)

    def respond(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        handler.wfile.write(b"a: b\r\n" * 50_000)

    server.replies["/"] = respond
    with pytest.raises(Unreachable, match="the answer has more than 100,000 octets"):
        get()


def test_answer_that_breaks_off_is_unreachable(get, server):
    server.replies["/"] = lambda handler: handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    )
    with pytest.raises(Unreachable, match="ProtocolError"):
        get()
    assert len(server.received) == 2


def test_what_is_no_http_is_unreachable(get, server):
    server.replies["/"] = lambda handler: handler.wfile.write(b"SSH-2.0-\x1b[31m\r\n")
    with pytest.raises(Unreachable) as caught:
        get()
    assert str(caught.value).isprintable()


def test_connection_is_used_again(get, server):
    server.replies["/"] = Reply({})
    for _ in range(3):
        get()
    assert len({request.port for request in server.received}) == 1


def test_connection_that_the_server_has_closed_is_replaced(get, server):
    server.replies["/"] = Reply({})
    get()

    def close(handler):
        handler.close_connection = True
        server.replies["/"] = Reply({"a": 1})

    server.replies["/"] = close
    assert get().body == b'{"a": 1}'


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "all_proxy"])
def test_proxy_of_the_environment_is_used(get, monkeypatch, name):
    with serving() as proxy:
        address = proxy.origin.replace("://", "://ada:secret@")
        monkeypatch.setenv(name, address)
        with pytest.raises(Unreachable, match="ProxyError"):
            get("https://login.example.com/keys")
    [request] = proxy.received
    assert (request.method, request.path) == ("CONNECT", "login.example.com:443")
    credentials = base64.b64encode(b"ada:secret").decode()
    assert request.headers["proxy-authorization"] == f"Basic {credentials}"


def test_proxy_without_credentials_gets_none(get, monkeypatch):
    with serving() as proxy:
        monkeypatch.setenv("https_proxy", proxy.origin)
        with pytest.raises(Unreachable):
            get("https://login.example.com/keys")
    assert "proxy-authorization" not in proxy.received[0].headers


def test_wrong_proxy_is_named_without_its_password(get, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://ada:secret@[::1")
    with pytest.raises(Unreachable, match="the proxy that the environment names is not a URL"):
        get("https://login.example.com/keys")


def test_proxy_is_not_used_for_hosts_that_the_environment_excepts(get, server, monkeypatch):
    with serving() as proxy:
        monkeypatch.setenv("https_proxy", proxy.origin)
        monkeypatch.setenv("http_proxy", proxy.origin)
        monkeypatch.setenv("no_proxy", "login.invalid")
        server.replies["/"] = Reply({})
        assert get().status == 200
        with pytest.raises(Unreachable, match=r"NameResolutionError|NewConnectionError"):
            get("https://login.invalid/keys")
    assert proxy.received == []


@pytest.fixture
def secure(server, tmp_path):
    """The server with TLS, whose certificate no authority has signed."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with serving(context) as secure:
        secure.certificate = path
        secure.replies["/"] = Reply({"a": 1})
        yield secure


def test_certificate_of_an_unknown_authority_is_refused(get, secure):
    with pytest.raises(Unreachable, match=r"SSLError: .*certificate verify failed"):
        get(secure.origin.replace("http://127.0.0.1", "https://localhost"))
    assert secure.received == []


def test_authority_that_the_system_trusts_is_trusted(get, secure, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificate))
    assert get(secure.origin.replace("http://127.0.0.1", "https://localhost")).status == 200
    with pytest.raises(Unreachable, match="SSLError"):
        get(secure.origin.replace("http:", "https:"))
