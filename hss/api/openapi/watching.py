"""Health and figures."""

from typing import Final

from hss.api.openapi.pieces import ANYTHING, Theme, answer, content, operation
from hss.api.watching import HEALTH, METRICS, READY

_TAG: Final = "watching"

THEME: Final = Theme(
    tag=_TAG,
    text="Health and figures",
    paths={
        HEALTH: {
            "get": operation(
                "health", _TAG, "Whether the process serves requests", answers={"200": answer("alive", ANYTHING)}
            )
        },
        READY: {
            "get": operation(
                "readiness",
                _TAG,
                "Whether the service can do its work, and what is missing",
                answers={"200": answer("ready", ANYTHING), "503": answer("not ready", ANYTHING)},
            )
        },
        METRICS: {
            "get": operation(
                "metrics",
                _TAG,
                "Figures in the Prometheus form",
                answers={
                    "200": {"description": "figures", "content": content({"type": "string"}, media=("text/plain",))}
                },
            )
        },
    },
)
