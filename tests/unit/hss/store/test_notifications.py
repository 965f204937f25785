from hss.store.notifications import Link


def test_a_link_tells_each_turn_once() -> None:
    link, heard = Link(), list[bool]()
    link.on_link(heard.append)
    for up in (True, False, False, True, True):
        link.turn(up=up)
    assert (heard, link.up) == ([False, True], True)
