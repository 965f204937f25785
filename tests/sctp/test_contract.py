"""SCTP keeps the contract of transports."""

import pytest

from tests.contract.transport_contract import TransportContract, Wire
from tests.sctp.plain import Sctp


class TestSctp(TransportContract):
    @pytest.fixture
    def wire(self) -> Wire:
        return Sctp()
