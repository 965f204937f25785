"""Service profiles and what they are made of. Source: TS 29.228 annex B."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.documents.document import Document
from schemas.fields import (
    Line,
    Name,
    SipUri,
    Text,
    Unsigned31,
)


class ServicePointTrigger(Document):
    """One condition of a trigger point; exactly one kind of test. Source: TS 29.228 annex B."""

    group: list[Unsigned31] = [0]
    negated: bool = False
    request_uri: Line | None = None
    method: Line | None = None
    header: Line | None = None
    header_content: Text | None = None
    session_case: Annotated[int | None, Field(ge=0, le=4)] = None
    session_description_line: Line | None = None
    session_description_content: Text | None = None
    registration_types: list[Annotated[int, Field(ge=0, le=2)]] = Field(default=[], max_length=2)

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = (self.request_uri, self.method, self.header, self.session_case, self.session_description_line)
        if sum(test is not None for test in tests) != 1:
            raise ValueError(
                "exactly one of request_uri, method, header, session_case, session_description_line is needed"
            )
        return self


class ApplicationServer(Document):
    """Where a matching request goes."""

    server_name: SipUri
    default_handling: Literal["continued", "terminated"] = "continued"
    service_info: Text | None = None
    include_register_request: bool = False
    include_register_response: bool = False


class InitialFilterCriteria(Document):
    """When an application server takes part; lower priority first. Source: TS 29.228 annex B."""

    priority: Unsigned31
    conjunctive: bool = True
    triggers: list[ServicePointTrigger] = []
    application_server: ApplicationServer
    profile_part: Literal["registered", "unregistered"] | None = None


class SharedFilterCriteriaSet(Document):
    """Filter criteria that the S-CSCFs know under a number."""

    number: Unsigned31
    criteria: list[InitialFilterCriteria] = []


class ServiceProfile(Document):
    """Services of public identities."""

    name: Name
    criteria: list[InitialFilterCriteria] = []
    shared_sets: list[Unsigned31] = []
    subscribed_media_profile: Unsigned31 | None = None
    service_ids: list[Line] = []

    @model_validator(mode="after")
    def _distinct_priorities(self) -> Self:
        priorities = [criterion.priority for criterion in self.criteria]
        if len(set(priorities)) < len(priorities):
            raise ValueError("two criteria have the same priority")
        return self
