"""Runs at the far end of the two paths: calls, sends numbered messages, and prints each that comes back.

Arguments: count, port, own addresses by comma, the callee's addresses by comma.
"""

import asyncio
import sys

from tests.sctp.plain import PlainPeer


async def main(count: int, port: int, own: list[str], hosts: list[str]) -> None:
    peer = await PlainPeer(local=tuple(own)).connect(port, *hosts)
    for number in range(count):
        await peer.send(b"%d" % number)
        sys.stdout.write((await peer.receive()).decode() + "\n")
        sys.stdout.flush()
        await asyncio.sleep(0.01)
    await peer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(","), sys.argv[4].split(",")))
