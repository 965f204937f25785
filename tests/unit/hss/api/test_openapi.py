import json
import re
import subprocess
import sys
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hss.api.openapi import describe
from hss.api.problems import KINDS


@pytest.fixture
def description(api: Any) -> dict[str, Any]:
    served = {resource.canonical for resource in api.client.app.router.resources()}
    made: dict[str, Any] = json.loads(json.dumps(describe("1.2.3", page=100, page_most=1000, served=served)))
    return made


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


def test_the_document_is_valid(description: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(description).validate()
    assert description["openapi"].startswith("3.1")
    assert description["info"]["version"] == "1.2.3"


def test_every_route_is_described_and_every_description_has_a_route(api: Any, description: dict[str, Any]) -> None:
    described = {(path, method.upper()) for path, method, _ in operations(description)}
    routed = {
        (route.resource.canonical, route.method)
        for route in api.client.app.router.routes()
        if route.method != "HEAD" and not route.resource.canonical.startswith(("/api/docs", "/api/v1/openapi"))
    }
    assert described == routed


def test_operations_have_names_of_their_own(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z]+", name) for name in names)


def test_summaries_have_the_right_article(description: dict[str, Any]) -> None:
    summaries = {operation["summary"] for _, _, operation in operations(description)}
    assert {"Read an operator", "Delete an I-CSCF pool", "Create or replace a subscription"} <= summaries


def test_every_kind_of_problem_is_described(description: dict[str, Any]) -> None:
    for kind in KINDS:
        response = description["components"]["responses"][f"Problem{kind.status}"]
        assert kind.name in response["content"]["application/problem+json"]["examples"]


def test_secrets_are_write_only_and_in_no_example_of_an_answer(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert schemas["PrivateIdentity"]["properties"]["credentials"]["writeOnly"]
    assert schemas["PrivateIdentity"]["properties"]["has_credentials"]["readOnly"]
    assert schemas["NewSubscriber"]["properties"]["k"]["writeOnly"]
    for _, _, operation in operations(description):
        assert '"k":' not in json.dumps(operation["responses"])


def test_the_start_of_the_service_does_not_pay_for_the_description_and_the_figures() -> None:
    code = (
        "import sys, hss.api.application; "
        "print([name for name in ('prometheus_client', 'hss.api.openapi') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


async def test_every_example_of_a_body_is_accepted(start: Any, description: dict[str, Any]) -> None:
    api = await start()
    for path, method, operation in operations(description):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            if "example" in content and "{" not in path:
                answer = await api.ask(
                    method, path, data=json.dumps(content["example"]), headers={"Content-Type": media}
                )
                assert answer.status == 201, (path, await answer.text())


async def test_the_server_gives_the_document_and_its_page(api: Any, description: dict[str, Any]) -> None:
    for _ in range(2):
        answer = await api.ask("GET", "openapi.json")
        body = await answer.json()
        assert body["paths"] == description["paths"]
    page = await api.ask("GET", "/api/docs")
    text = await page.text()
    assert page.content_type == "text/html"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http" not in text
    for place in re.findall(r'(?:src|href)="(/[^"]+)"', text):
        answer = await api.ask("GET", place)
        assert (answer.status, answer.charset) == (200, "utf-8")
    await api.problem(await api.ask("GET", "/api/docs/docs.html"), 404, "not-found")
    await api.problem(await api.ask("GET", "/api/docs/..%2Fapplication.py"), 404, "not-found")
