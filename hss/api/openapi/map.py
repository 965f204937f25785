"""sendRoutingInfo as JSON, and what an IMRN stands for."""

from typing import Final

from hss.api.map import IMRNS, SEND_ROUTING_INFO, SendRoutingInfo
from hss.api.openapi.pieces import ANYTHING, Theme, answer, content, in_path, operation, schema_of

_TAG: Final = "map"
_IMRN: Final = {"imrn": "+49179900017", "msisdn": "+491715407090", "left_s": 42.0}

THEME: Final = Theme(
    tag=_TAG,
    text="What a Gateway-MSC asks, as JSON",
    models=(SendRoutingInfo,),
    paths={
        SEND_ROUTING_INFO: {
            "post": operation(
                "sendRoutingInfo",
                _TAG,
                "Ask where a call goes, as by MAP sendRoutingInfo; a MAP error is an answer, too",
                answers={
                    "200": answer(
                        "`result` is ims, roaming-number, forwarded or error",
                        ANYTHING,
                        example={
                            "msisdn": "+491715407091",
                            "version": 3,
                            "result": "roaming-number",
                            "imsi": "262011234567891",
                            "msrn": "+49171000017",
                        },
                    )
                },
                errors=("bad-request",),
                body=content(schema_of(SendRoutingInfo), {"msisdn": "+491715407091"}),
            )
        },
        IMRNS: {
            "get": operation(
                "listImrns",
                _TAG,
                "List the IMRNs that stand, oldest first",
                answers={"200": answer("the IMRNs", ANYTHING, example={"items": [_IMRN]})},
                errors=("bad-request",),
            )
        },
        f"{IMRNS}/{{number}}": {
            "parameters": [in_path("number", "IMRN", "+49179900017")],
            "get": operation(
                "findImrn",
                _TAG,
                "Find for whom an IMRN stands",
                answers={"200": answer("number and lifetime", ANYTHING, example=_IMRN)},
                errors=("bad-request", "not-found"),
            ),
        },
    },
)
