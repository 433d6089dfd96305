"""The state and the next event of keys, as the database computes them to filter and to sort."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mcp_oauth_discovery.conf import Misconfigured
from mcp_oauth_discovery.keys import policy
from mcp_oauth_discovery.keys.algorithms import ALGORITHMS
from mcp_oauth_discovery.models import SigningKey, State

if TYPE_CHECKING:
    from django.contrib.admin.filters import _ListFilterChoices
    from django.contrib.admin.views.main import ChangeList

# The order of a key's life, and of the column.
_ORDER = list(State)
_ALL = "all"


def sortable(keys: QuerySet[SigningKey], now: datetime) -> QuerySet[SigningKey]:
    """Return keys that can be ordered by `state_order` and by `next_at`."""
    ranked: QuerySet[SigningKey] = keys.alias(state_order=_state(now), next_at=_next_at(now))
    return ranked


def in_state(keys: QuerySet[SigningKey], state: State, now: datetime) -> QuerySet[SigningKey]:
    """Return the keys that are in a state at an instant."""
    matches: QuerySet[SigningKey] = keys.alias(state_order=_state(now)).filter(
        state_order=_ORDER.index(state)
    )
    return matches


def _state(now: datetime) -> Case:
    """Return an expression for `SigningKey.state`, as the number of the state."""
    whens = [When(test, then=_ORDER.index(state)) for state, test in _conditions(now).items()]
    return Case(*whens, default=_ORDER.index(State.ACTIVE))


def _conditions(now: datetime) -> dict[State, Q]:
    """Return the conditions of the states; the first that is true decides, and else the key signs.

    These are the conditions of `SigningKey.state`.
    """
    return {
        State.REVOKED: Q(revoked_at__isnull=False),
        State.EXPIRED: Q(expires_at__lte=now),
        State.RETIRED: Q(retires_at__lte=now),
        State.PENDING: Q(activates_at__gt=now),
    }


def _next_at(now: datetime) -> Case:
    """Return an expression for the instant of the next event; NULL if there is none."""
    conditions = _conditions(now)
    try:
        spans = policy.timing()
    except Misconfigured:
        ends: Any = F("retires_at")
    else:
        # Only active keys get here, so that the sum cannot be too far in the future.
        ends = Coalesce("retires_at", F("activates_at") + (spans.interval - spans.publish_ahead))
    nothing = ~Q(algorithm__in=list(ALGORITHMS))
    return Case(
        When(nothing | conditions[State.REVOKED] | conditions[State.EXPIRED], then=Value(None)),
        When(conditions[State.RETIRED], then=F("expires_at")),
        When(conditions[State.PENDING], then=F("activates_at")),
        default=ends,
        output_field=DateTimeField(),
    )


class StateFilter(admin.SimpleListFilter):
    """Filter keys by their state. Without a choice, expired keys are left out."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(_ALL, gettext("All")), *((state.value, state.label) for state in State)]

    def choices(self, changelist: ChangeList) -> Iterator[_ListFilterChoices]:
        default, *others = super().choices(changelist)
        yield {**default, "display": gettext("Not expired")}
        yield from others

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[SigningKey]
    ) -> QuerySet[SigningKey]:
        wanted, now = self.value(), timezone.now()
        if wanted == _ALL:
            return queryset
        if wanted is None:
            expired = in_state(queryset, State.EXPIRED, now)
            keys: QuerySet[SigningKey] = queryset.exclude(pk__in=expired)
            return keys
        if wanted in [state.value for state in State]:
            return in_state(queryset, State(wanted), now)
        nothing: QuerySet[SigningKey] = queryset.none()
        return nothing


def folded(changelist: ChangeList, request: HttpRequest) -> dict[str, Any]:
    """Return how many keys there are, and how many expired ones the list leaves out."""
    name, now = StateFilter.parameter_name, timezone.now()
    context = {"key_count": changelist.root_queryset.count(), "expired_count": 0}
    if name in changelist.get_filters_params():
        return context
    # The search form shows this number, with a link to the list without a search.
    all_expired = in_state(changelist.root_queryset, State.EXPIRED, now).count()
    changelist.full_result_count = context["key_count"] - all_expired
    keys = changelist.get_queryset(request, exclude_parameters=[name])
    return {
        **context,
        "expired_count": in_state(keys, State.EXPIRED, now).count(),
        "query_of_all": changelist.get_query_string({name: _ALL}, ["p"]),
    }
