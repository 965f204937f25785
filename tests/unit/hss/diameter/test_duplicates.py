"""Answers for requests that come again."""

import pytest

from hss.diameter.duplicates import Duplicates
from hss.diameter.errors import TooBusy

KEY = ("icscf.ims.test", 1)


def test_an_answer_is_kept_for_its_time() -> None:
    store = Duplicates(keep_s=240.0)
    assert store.start(KEY, now=0.0) is None
    store.finish(KEY, b"answer")
    assert store.start(KEY, now=239.9) == b"answer"
    assert store.start(KEY, now=240.0) is None


def test_while_there_is_no_answer_the_request_is_refused() -> None:
    store = Duplicates()
    store.start(KEY, now=0.0)
    with pytest.raises(TooBusy):
        store.start(KEY, now=0.0)
    store.finish(KEY, b"")
    assert store.start(KEY, now=0.0) is None


def test_no_more_than_the_limit_is_kept() -> None:
    store = Duplicates(limit=3)
    for number in range(10):
        store.start(("host", number), now=0.0)
        store.finish(("host", number), b"answer")
    assert len(store) == 3
    assert store.start(("host", 9), now=0.0) == b"answer"


def test_an_answer_that_comes_after_its_time_is_not_kept() -> None:
    store = Duplicates(limit=1)
    store.start(KEY, now=0.0)
    store.start(("other", 1), now=0.0)
    store.finish(KEY, b"answer")
    assert len(store) == 1
    assert store.start(KEY, now=0.0) is None
