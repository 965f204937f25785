"""Write N synthetic subscribers in the short form, as JSONL or CSV: the same ones at every call.

python -m benchmarks.make_subscribers 1000000 subscribers.jsonl
python -m benchmarks.make_subscribers 1000000 subscribers.csv --shuffled
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

OPERATOR: Final = "bench"
HOME_DOMAIN: Final = "ims.bench.example"
MCC: Final = "262"
MNC: Final = "99"
MOST: Final = 100_000_000
STEP: Final = 61_803_399  # has no divisor in common with any power of ten


def imsi(number: int) -> str:
    """Give the IMSI of a subscriber."""
    return f"{MCC}{MNC}{number:010d}"


def msisdn(number: int) -> str:
    """Give the MSISDN of a subscriber."""
    return f"+491511{number:08d}"


def secrets(number: int) -> tuple[str, str]:
    """Give K and OPc of a subscriber, in hexadecimal."""
    digest = hashlib.sha256(b"subscriber %d" % number).hexdigest()
    return digest[:32], digest[32:]


def numbers(count: int, *, shuffled: bool) -> Iterator[int]:
    """Give the numbers from 0, in order or spread over the whole range of `MOST`."""
    return iter(range(count)) if not shuffled else (index * STEP % MOST for index in range(count))


def json_line(number: int) -> bytes:
    """Write a subscriber as a line of JSON."""
    k, opc = secrets(number)
    text = f'{{"operator":"{OPERATOR}","imsi":"{imsi(number)}","msisdn":"{msisdn(number)}","k":"{k}","opc":"{opc}"}}\n'
    return text.encode()


def csv_line(number: int) -> bytes:
    """Write a subscriber as a line of CSV."""
    return f"{OPERATOR},{imsi(number)},{msisdn(number)},{','.join(secrets(number))}\n".encode()


def write(target: IO[bytes], count: int, form: str, *, shuffled: bool = False) -> None:
    """Write the file."""
    if form == "csv":
        target.write(b"operator,imsi,msisdn,k,opc\n")
    line = csv_line if form == "csv" else json_line
    for number in numbers(count, shuffled=shuffled):
        target.write(line(number))


def main() -> None:
    """Write to a file, or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--form", choices=["jsonl", "csv"])
    parser.add_argument("--shuffled", action="store_true", help="not in the order of the numbers")
    chosen = parser.parse_args()
    form = chosen.form or ("csv" if chosen.file and chosen.file.suffix == ".csv" else "jsonl")
    if chosen.file is None:
        write(sys.stdout.buffer, chosen.count, form, shuffled=chosen.shuffled)
    else:
        with chosen.file.open("wb") as target:
            write(target, chosen.count, form, shuffled=chosen.shuffled)


if __name__ == "__main__":
    main()
