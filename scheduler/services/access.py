"""Who may come in and as whom: accounts, one-time links, actors, API tokens, feed addresses."""

from scheduler.services.actors import Actor, EventRoles, actor_for, events_of, organiser_of
from scheduler.services.api_tokens import (
    EXHIBITOR_SCOPES,
    SCOPES,
    actor_for_token,
    api_tokens,
    create_api_token,
    revoke_api_token,
)
from scheduler.services.feeds import (
    FeedOwner,
    end_firm_feed,
    feed_owner,
    feed_token,
    new_feed,
    renew_feed,
    renew_firm_feed,
)
from scheduler.services.sign_in import (
    WISHES,
    UnusableLink,
    answer_wishes,
    ask_sign_in,
    ensure_account,
    look_at_sign_in,
    make_sign_in_link,
    normal_email,
    redeem_sign_in,
    wish,
)
from scheduler.services.tokens import FEED, SIGN_IN, derive_token, hash_token, new_seed

__all__ = [
    "EXHIBITOR_SCOPES",
    "FEED",
    "SCOPES",
    "SIGN_IN",
    "WISHES",
    "Actor",
    "EventRoles",
    "FeedOwner",
    "UnusableLink",
    "actor_for",
    "actor_for_token",
    "answer_wishes",
    "api_tokens",
    "ask_sign_in",
    "create_api_token",
    "derive_token",
    "end_firm_feed",
    "ensure_account",
    "events_of",
    "feed_owner",
    "feed_token",
    "hash_token",
    "look_at_sign_in",
    "make_sign_in_link",
    "new_feed",
    "new_seed",
    "normal_email",
    "organiser_of",
    "redeem_sign_in",
    "renew_feed",
    "renew_firm_feed",
    "revoke_api_token",
    "wish",
]
