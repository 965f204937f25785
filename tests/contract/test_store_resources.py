from schemas.documents import Operator


async def test_smoke(store):
    got = await store.operators.put("op", Operator(name="op", type=1, home_domain="a.example", country_code="49"))
    assert got.version == 1
