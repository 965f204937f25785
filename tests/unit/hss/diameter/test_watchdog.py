"""RFC 3539 3.4.1 and Appendix A."""

import itertools

import pytest

from hss.diameter.watchdog import STEPS, TW_LEAST_S, Action, Input, State, Watchdog

ROWS = [
    (State.INITIAL, Input.CONNECTION_UP, (), State.OKAY),
    (State.INITIAL, Input.CONNECTION_UP_AGAIN, (Action.SEND_WATCHDOG,), State.REOPEN),
    (State.OKAY, Input.RECEIVE_DWA, (), State.OKAY),
    (State.OKAY, Input.RECEIVE_OTHER, (), State.OKAY),
    (State.OKAY, Input.TIMER_NOT_PENDING, (Action.SEND_WATCHDOG,), State.OKAY),
    (State.OKAY, Input.TIMER_PENDING, (Action.FAILOVER,), State.SUSPECT),
    (State.OKAY, Input.CONNECTION_DOWN, (Action.FAILOVER,), State.DOWN),
    (State.SUSPECT, Input.RECEIVE_DWA, (Action.FAILBACK,), State.OKAY),
    (State.SUSPECT, Input.RECEIVE_OTHER, (Action.FAILBACK,), State.OKAY),
    (State.SUSPECT, Input.TIMER_NOT_PENDING, (Action.CLOSE,), State.DOWN),
    (State.SUSPECT, Input.TIMER_PENDING, (Action.CLOSE,), State.DOWN),
    (State.SUSPECT, Input.CONNECTION_DOWN, (), State.DOWN),
    (State.REOPEN, Input.RECEIVE_OTHER, (Action.THROWAWAY,), State.REOPEN),
    (State.REOPEN, Input.TIMER_NOT_PENDING, (Action.SEND_WATCHDOG,), State.REOPEN),
    (State.REOPEN, Input.CONNECTION_DOWN, (), State.DOWN),
]


def at(state: State) -> Watchdog:
    watchdog = Watchdog(30.0)
    watchdog.state = state
    return watchdog


@pytest.mark.parametrize(("state", "event", "actions", "after"), ROWS)
def test_rows(state: State, event: Input, actions: tuple[Action, ...], after: State) -> None:
    watchdog = at(state)
    assert watchdog.take(event, now=1.0) == actions
    assert watchdog.state is after


def test_there_are_no_other_rows() -> None:
    assert set(STEPS) == {(state, event) for state, event, _, _ in ROWS}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Input)))
def test_every_event_can_happen_in_every_state(state: State, event: Input) -> None:
    watchdog = at(state)
    actions = watchdog.take(event, now=1.0)
    if (state, event) not in STEPS and state is not State.REOPEN:
        assert (actions, watchdog.state) == ((), state)


def test_the_third_answer_opens_again() -> None:
    watchdog = at(State.INITIAL)
    watchdog.take(Input.CONNECTION_UP_AGAIN, now=0.0)
    states = []
    for _ in range(3):
        watchdog.take(Input.RECEIVE_DWA, now=1.0)
        states.append(watchdog.state)
    assert states == [State.REOPEN, State.REOPEN, State.OKAY]


def test_two_periods_without_an_answer_close_a_connection_that_was_made_again() -> None:
    watchdog = at(State.INITIAL)
    watchdog.take(Input.CONNECTION_UP_AGAIN, now=0.0)
    assert watchdog.expired() is Input.TIMER_PENDING
    assert watchdog.take(watchdog.expired(), now=30.0) == ()
    assert watchdog.take(watchdog.expired(), now=60.0) == (Action.CLOSE,)
    assert watchdog.state is State.DOWN


def test_an_answer_ends_the_waiting() -> None:
    watchdog = at(State.OKAY)
    watchdog.take(Input.TIMER_NOT_PENDING, now=0.0)
    watchdog.take(Input.RECEIVE_OTHER, now=1.0)
    assert watchdog.expired() is Input.TIMER_PENDING
    watchdog.take(Input.RECEIVE_DWA, now=2.0)
    assert watchdog.expired() is Input.TIMER_NOT_PENDING


def test_any_message_sets_the_timer_anew() -> None:
    watchdog = Watchdog(30.0)
    assert watchdog.deadline is None
    watchdog.take(Input.CONNECTION_UP, now=0.0, jitter_s=1.5)
    assert watchdog.deadline == 31.5
    assert watchdog.heard(now=10.0)
    assert watchdog.deadline == 41.5
    watchdog.state = State.SUSPECT
    assert not watchdog.heard(now=20.0)
    watchdog.state = State.DOWN
    assert watchdog.deadline is None


def test_the_period_is_never_shorter_than_six_seconds() -> None:
    watchdog = Watchdog(1.0)
    watchdog.take(Input.CONNECTION_UP, now=0.0, jitter_s=-2.0)
    assert watchdog.deadline == TW_LEAST_S
