"""A real I-CSCF: the table that examples/kamailio/run prints is what was seen, its exit status the verdict."""

import subprocess
from pathlib import Path

RUN = Path(__file__).parents[2] / "examples" / "kamailio" / "run"


def test_calls_through_kamailio_arrive_where_the_answer_says() -> None:
    assert subprocess.run(RUN, check=False).returncode == 0
