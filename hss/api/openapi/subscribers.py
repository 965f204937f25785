"""What a test bed does with subscribers by hand."""

from typing import Final

from hss.api.catalogue import SUBSCRIPTIONS
from hss.api.openapi.pieces import (
    MATCH,
    NONE_MATCH,
    NOT_MODIFIED,
    Theme,
    answer,
    content,
    in_path,
    in_query,
    operation,
    schema_of,
    without_secrets,
)
from hss.api.subscribers import LOOKUP, NEW, REGISTRATION
from schemas.documents import NewSubscriber, Registration, Subscriber

_TAG: Final = "by hand"
_SUBSCRIBER: Final = schema_of(Subscriber)
_REGISTRATION: Final = schema_of(Registration)
_STATE: Final = {"200": answer("the state", _REGISTRATION, "ETag")}

THEME: Final = Theme(
    tag=_TAG,
    text="What a test bed does with subscribers",
    models=(NewSubscriber, Registration),
    paths={
        NEW: {
            "post": operation(
                "createSubscriber",
                _TAG,
                "Create a whole subscriber from an IMSI or a number",
                errors=("exists", "taken"),
                answers={"201": answer("created", _SUBSCRIBER, "ETag", "Location")},
                body=content(
                    schema_of(NewSubscriber),
                    {"operator": "mobile", "imsi": "262011234567892", "msisdn": "+491715407092"},
                ),
            )
        },
        LOOKUP: {
            "get": operation(
                "lookUp",
                _TAG,
                "Find a subscription by any identity",
                answers={
                    "200": answer(
                        "the subscription", _SUBSCRIBER, "ETag", example=without_secrets(SUBSCRIPTIONS.example)
                    )
                }
                | NOT_MODIFIED,
                errors=("not-found", "bad-request"),
                parameters=[
                    {
                        **in_query("identity", "name, number, IMSI, private or public identity in any form"),
                        "required": True,
                        "example": "tel:+491715407090",
                    },
                    NONE_MATCH,
                ],
            )
        },
        REGISTRATION: {
            "parameters": [in_path("key", "uri", "sip:alice@ims.example")],
            "get": operation(
                "getRegistration",
                _TAG,
                "Read registration state and S-CSCF",
                parameters=[NONE_MATCH],
                answers=_STATE | NOT_MODIFIED,
                errors=("not-found", "bad-request"),
            ),
            "put": operation(
                "putRegistration",
                _TAG,
                "Set registration state and S-CSCF",
                parameters=[MATCH],
                answers=_STATE,
                errors=("not-found", "version-mismatch", "bad-request"),
                body=content(
                    _REGISTRATION,
                    {
                        "state": "registered",
                        "scscf": {"name": "sip:scscf1.ims.example:6060", "host": "scscf1.ims.example"},
                    },
                ),
            ),
        },
    },
)
