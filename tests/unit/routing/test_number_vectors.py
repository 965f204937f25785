import json
from dataclasses import replace
from pathlib import Path

import pytest

from routing.normalise import DEFAULT_PROFILE, NumberError, Profile, normalise, same

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "numbers.json").read_text("utf-8"))


def profile_of(overrides: dict[str, object]) -> Profile:
    return replace(DEFAULT_PROFILE, **(VECTORS["profile"] | overrides))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["id"])
def test_every_case_of_the_vectors_holds(case: dict) -> None:
    expected = dict(case["expect"])
    profile = profile_of(case["profile"])
    if "error" not in expected:
        number = normalise(case["kind"], case["input"], profile)
        found = {name: getattr(number, name) for name in expected}
        assert found | {"warnings": list(number.warnings)} == {"warnings": list(number.warnings)} | expected
        return
    with pytest.raises(NumberError) as failed:
        normalise(case["kind"], case["input"], profile)
    assert failed.value.code == expected.pop("error")
    assert {name: getattr(failed.value, name) for name in expected} == expected
    assert failed.value.rule


@pytest.mark.parametrize("pair", VECTORS["equal"], ids=lambda pair: pair["b"])
def test_equality_of_the_vectors_holds(pair: dict) -> None:
    assert same(pair["a"], pair["b"]) is pair["equal"]
    assert same(pair["b"], pair["a"]) is pair["equal"]
