"""Whose token it is: `find_user`, and what `BearerProtection` makes of its answer."""

from __future__ import annotations

import asyncio
import json

import pytest

from mcp_oauth_discovery.protection import BearerProtection, find_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(django_user_model):
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def request_(rf):
    return rf.post("/mcp", headers={"authorization": "Bearer x"})


def protection(user, **claims):
    """Return a protection that takes every token, with these claims in it."""
    return BearerProtection(verify=lambda *_: claims, user=user)


def test_user_of_the_token_becomes_that_of_the_request(request_, user):
    assert protection(find_user, sub=str(user.pk))(request_) is None
    assert request_.user == user
    assert asyncio.run(request_.auser()) == user


def test_user_of_the_request_is_left_alone_unless_asked_for(request_, user):
    request_.user = "as it was"
    assert protection(None, sub=str(user.pk))(request_) is None
    assert request_.user == "as it was"


NOBODY = None, "", "0", "x", "{pk}.0", "0{pk}", " {pk}", "{pk}\n", "\x00", 1, True, ["1"], "9" * 40


@pytest.mark.parametrize("subject", NOBODY)
def test_subject_that_is_nobody_is_refused(request_, user, subject):
    if isinstance(subject, str):
        subject = subject.format(pk=user.pk)
    response = protection(find_user, sub=subject)(request_)
    assert (response.status_code, json.loads(response.content)["error"]) == (401, "invalid_token")
    assert not hasattr(request_, "user")
    assert not hasattr(request_, "mcp_claims")


def test_user_who_was_locked_out_is_refused(request_, user):
    user.is_active = False
    user.save()
    response = protection(find_user, sub=str(user.pk))(request_)
    assert (
        'error_description="The user of the token cannot sign in"' in response["WWW-Authenticate"]
    )


def test_user_is_found_by_a_callable_of_the_project(request_):
    def find(request, claims):
        return request.path, claims["sub"]

    assert protection(find, sub="auth0|7")(request_) is None
    assert request_.user == ("/mcp", "auth0|7")
