"""The client for requests to other servers: its limits, its connections, the proxies it uses."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from mcp_oauth_discovery.verifiers import clients
from mcp_oauth_discovery.verifiers.clients import Client
from mcp_oauth_discovery.verifiers.exchanges import Deadline, Late, Unreachable
from tests.doctor.servers import certificate
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


def test_connections_of_many_threads_stay_open_without_a_warning(get, server, caplog):
    barrier = threading.Barrier(30)

    def respond(handler):
        barrier.wait(10)
        handler.send(Reply({}))
        handler.close_connection = False

    server.replies["/"] = respond
    with ThreadPoolExecutor(30) as threads:
        for _ in range(2):
            assert {answer.status for answer in threads.map(lambda _: get(), range(30))} == {200}
    assert len({request.port for request in server.received}) == 30
    assert [each for each in caplog.records if each.levelname == "WARNING"] == []


def test_connection_that_the_server_has_closed_is_replaced(get, server):
    server.replies["/"] = Reply({})
    get()

    def close(handler):
        handler.close_connection = True
        server.replies["/"] = Reply({"a": 1})

    server.replies["/"] = close
    assert get().body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("HTTPS_PROXY", "http://ada:s%40cret@"),
        ("https_proxy", "http://ada:s@cret@"),
        ("all_proxy", "ada:s%40cret@"),
    ],
)
def test_proxy_of_the_environment_is_used(get, monkeypatch, name, start):
    with serving() as proxy:
        monkeypatch.setenv(name, proxy.origin.replace("http://", start))
        with pytest.raises(Unreachable, match="ProxyError"):
            get("https://login.example.com/keys")
    [request] = proxy.received
    assert (request.method, request.path) == ("CONNECT", "login.example.com:443")
    credentials = base64.b64encode(b"ada:s@cret").decode()
    assert request.headers["proxy-authorization"] == f"Basic {credentials}"


@pytest.mark.parametrize("start", ["http://", ""])
def test_proxy_without_credentials_gets_none(get, monkeypatch, start):
    with serving() as proxy:
        monkeypatch.setenv("https_proxy", proxy.origin.replace("http://", start))
        with pytest.raises(Unreachable):
            get("https://login.example.com/keys")
    assert "proxy-authorization" not in proxy.received[0].headers


@pytest.mark.parametrize("place", ["127.0.0.1:99999", "127.0.0.1:port", "", "[::1", "127.0.0.1:9"])
@pytest.mark.parametrize("start", ["http://ada:se#cret@", "socks5://ada:se/cret@"])
def test_error_about_a_proxy_does_not_show_its_credentials(get, monkeypatch, start, place):
    monkeypatch.setenv("https_proxy", start + place)
    with pytest.raises(Unreachable) as caught:
        get("https://login.example.com/keys")
    assert "cret" not in str(caught.value)
    assert "ada" not in str(caught.value)


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


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """Return the file of a certificate for 127.0.0.1 with its key, which no authority signed."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(pem):
    """Return a server with TLS, and its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with serving(context) as secure:
        secure.replies["/"] = Reply({"a": 1})
        yield secure, f"{secure.origin.replace('http:', 'https:')}/"


@pytest.fixture
def trusted(pem, monkeypatch):
    # OpenSSL reads this variable: the system trusts the certificate as an authority.
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))


def test_certificate_of_an_unknown_authority_is_refused(get, secure):
    server, url = secure
    with pytest.raises(Unreachable, match=r"SSLError: .*certificate verify failed"):
        get(url)
    assert server.received == []


def test_connection_with_a_trusted_certificate_is_used_again(get, secure, trusted):
    server, url = secure
    assert [get(url).status for _ in range(3)] == [200] * 3
    assert len({request.port for request in server.received}) == 1


def test_certificate_of_another_host_is_refused(get, secure, trusted):
    server, url = secure
    with pytest.raises(Unreachable, match="Hostname mismatch"):
        get(url.replace("127.0.0.1", "localhost"))
    assert server.received == []


def test_answer_that_drips_over_tls_is_late(get, secure, trusted):
    server, url = secure
    server.replies["/"] = server.drip("x" * 200)
    with pytest.raises(Late):
        get(url, seconds=0.3)


def tunnel(handler):
    """Connect a client to the host that it names, as a proxy does."""
    host, _, port = handler.path.rpartition(":")
    with socket.create_connection((host, int(port))) as far:
        handler.send(Reply(b"", headers={"Content-Length": "0"}))
        back = threading.Thread(target=pass_on, args=(far, handler.connection))
        back.start()
        pass_on(handler.connection, far)
        back.join()


def pass_on(source, target):
    with suppress(OSError):
        while octets := source.recv(2**16):
            target.sendall(octets)
        target.shutdown(socket.SHUT_WR)


def test_certificate_is_verified_through_a_proxy(get, secure, trusted, monkeypatch):
    server, url = secure
    # The proxy is not used for the names of this machine.
    monkeypatch.setattr(clients, "is_loopback", lambda host: False)
    with serving() as proxy:
        monkeypatch.setenv("https_proxy", proxy.origin)
        for origin in (url, url.replace("127.0.0.1", "localhost")):
            proxy.replies[origin.split("/")[2]] = tunnel
        assert get(url).body == b'{"a": 1}'
        with pytest.raises(Unreachable, match="Hostname mismatch"):
            get(url.replace("127.0.0.1", "localhost"))
    assert [request.method for request in proxy.received] == ["CONNECT"] * 2
    assert len(server.received) == 1
