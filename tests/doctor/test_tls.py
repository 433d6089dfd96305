"""Requests over TLS, and to ports that speak something else."""

from __future__ import annotations

import ssl

import pytest

from mcp_oauth_discovery.doctor.transport.messages import (
    Speech,
    Trouble,
)
from mcp_oauth_discovery.doctor.transport.network import HTTPTransport
from tests.doctor.servers import answering, certificate, serving, silent
from tests.doctor.test_network import OK, addresses, ask


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls(pem) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_certificate_that_nobody_vouches_for_is_told(tls):
    with serving(answering(OK), tls) as port:
        failure = ask(port, scheme="https")
    assert (failure.trouble, failure.reason) == (Trouble.TLS, "self-signed certificate")
    assert failure.speech is None


def test_trusted_certificate_is_taken(tls, pem):
    context = ssl.create_default_context(cafile=str(pem))
    with serving(answering(OK), tls) as port:
        assert ask(port, scheme="https", context=context).status == 200


def test_plain_http_on_the_port_of_tls_is_a_fault_of_tls():
    with serving(answering(OK), reads_head=False) as port:
        failure = ask(port, scheme="https")
    assert (failure.trouble, failure.speech) == (Trouble.TLS, Speech.HTTP)
    assert failure.reason == "the port answers without TLS, most likely in plain HTTP"


@pytest.mark.parametrize("alert", [b"\x02\x28", b"\x02\x46", b"\x02\x70"])
def test_alert_of_tls_is_no_plain_http(alert):
    with serving(answering(b"\x15\x03\x03\x00\x02" + alert), reads_head=False) as port:
        failure = ask(port, scheme="https")
    assert (failure.trouble, failure.speech) == (Trouble.TLS, Speech.OTHER_TLS)


def test_hang_up_in_the_handshake_is_not_about_certificates():
    with serving(answering(b""), reads_head=False) as port:
        failure = ask(port, scheme="https")
    assert (failure.trouble, failure.speech) == (Trouble.TLS, Speech.OTHER_TLS)


def test_host_name_that_tls_cannot_encode_is_reported():
    with serving(answering(OK), reads_head=False) as port:
        transport = HTTPTransport(
            "https://.a.test/", resolver=lambda host, _: addresses("127.0.0.1", port=port)
        )
        failure = transport.send("GET", "https://.a.test/")
    assert (failure.trouble, failure.speech) == (Trouble.TLS, None)


def test_tls_on_the_port_of_plain_http_is_reported():
    with serving(answering(b"\x15\x03\x01\x00\x02\x02\x16")) as port:
        failure = ask(port)
    assert (failure.trouble, failure.speech) == (Trouble.BROKEN, Speech.TLS)
    assert failure.reason == "the port answers in TLS, not in plain HTTP"


def test_handshake_that_never_ends_is_late():
    # The time includes reading the certificates of the machine, which is slow on a busy one.
    with serving(silent) as port:
        failure = ask(port, scheme="https", timeout=1)
    assert (failure.trouble, failure.speech) == (Trouble.TIMEOUT, Speech.NOTHING)


def test_handshake_is_not_blamed_for_the_end_of_all_time():
    with serving(silent) as port:
        failure = ask(port, scheme="https", budget=0.2)
    assert (failure.trouble, failure.speech) == (Trouble.CUT, None)


def test_answer_that_never_comes_in_plain_http_is_no_matter_of_tls():
    with serving(silent) as port:
        failure = ask(port, timeout=0.2)
    assert (failure.trouble, failure.speech) == (Trouble.TIMEOUT, None)
