"""Components of TCAP: values with their codec. Source: ITU-T Q.773.

Parameters are kept as the octets of their whole element; who knows the operation reads them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hss.sigtran import ber
from schemas.numbers.tcap import GeneralProblem, ProblemKind, Tag
from schemas.octets import DecodeError


@dataclass(slots=True, kw_only=True)
class Invoke:
    """A request. `operation` None is one with a global code. Not frozen because one is made for each message."""

    invoke_id: int
    operation: int | None
    parameter: bytes = b""
    linked_id: int | None = None

    def encode(self) -> bytes:
        """Write invokeId, linkedId, operation, parameter."""
        linked = b"" if self.linked_id is None else ber.write(Tag.LINKED_ID, ber.write_integer(self.linked_id))
        return ber.write(Tag.INVOKE, _integer(self.invoke_id) + linked + _integer(self.operation or 0) + self.parameter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer to an Invoke; `last` is no where more follow."""

    invoke_id: int
    operation: int | None = None
    parameter: bytes = b""
    last: bool = True

    def encode(self) -> bytes:
        """Write invokeId and, where there is one, the sequence of operation and parameter."""
        if self.operation is not None and self.last:
            return write_result(self.invoke_id, self.operation, self.parameter)
        body = b"" if self.operation is None else ber.write(0x30, _integer(self.operation) + self.parameter)
        return ber.write(Tag.RESULT_LAST if self.last else Tag.RESULT_NOT_LAST, _integer(self.invoke_id) + body)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnError:
    """The failure of an Invoke. `code` None is one with a global code."""

    invoke_id: int
    code: int | None
    parameter: bytes = b""

    def encode(self) -> bytes:
        """Write invokeId, error code, parameter."""
        return ber.write(Tag.RETURN_ERROR, _integer(self.invoke_id) + _integer(self.code or 0) + self.parameter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A component that could not be understood. `local` ones were found here and are still to be sent."""

    invoke_id: int | None
    kind: int
    problem: int
    local: bool = False

    def encode(self) -> bytes:
        """Write invokeId or NULL, and the problem."""
        named = b"\x05\x00" if self.invoke_id is None else _integer(self.invoke_id)
        return ber.write(Tag.REJECT, named + ber.write(self.kind, ber.write_integer(self.problem)))


def write_result(invoke_id: int, operation: int, parameter: bytes) -> bytes:
    """Write a ReturnResultLast with its parameter."""
    body = ber.write(0x30, _integer(operation) + parameter)
    return ber.write(0xA2, _integer(invoke_id) + body)


Component = Invoke | Result | ReturnError | Reject


def _integer(number: int) -> bytes:
    if -128 <= number < 128:
        return bytes((0x02, 1, number & 0xFF))
    return ber.write(0x02, ber.write_integer(number))


def read_components(data: bytes, start: int, stop: int) -> list[Component]:
    """Read all components; from the first broken one on the rest is replaced by a Reject (Q.774)."""
    found: list[Component] = []
    at = start
    while at < stop:
        try:
            tag, inner, end, at = ber.read(data, at, stop)
        except DecodeError:
            found.append(_broken(None, GeneralProblem.BADLY_STRUCTURED_COMPONENT))
            break
        component = _read_component(data, tag, inner, end)
        found.append(component)
        if isinstance(component, Reject) and component.local:
            break
    return found


def _broken(invoke_id: int | None, problem: GeneralProblem) -> Reject:
    return Reject(invoke_id=invoke_id, kind=ProblemKind.GENERAL, problem=problem, local=True)


def _read_component(data: bytes, tag: int, start: int, stop: int) -> Component:
    if tag not in _READERS:
        return _broken(None, GeneralProblem.UNRECOGNIZED_COMPONENT)
    invoke_id: int | None = None
    try:
        kind, at, end, after = ber.read(data, start, stop)
        if kind == 0x02 and end - at == 1:
            octet = data[at]
            invoke_id = octet - 256 if octet > 127 else octet
        elif kind != 0x05 or tag != Tag.REJECT:
            return _broken(None, GeneralProblem.MISTYPED_COMPONENT)
        return _READERS[tag](data, invoke_id, after, stop)
    except DecodeError:
        return _broken(invoke_id, GeneralProblem.BADLY_STRUCTURED_COMPONENT)


def _read_invoke(data: bytes, invoke_id: int | None, at: int, stop: int) -> Component:
    linked_id = None
    if at < stop and data[at] == 0x80:
        _, start, end, at = ber.read(data, at, stop)
        linked_id = ber.read_integer(data[start:end], "linkedId")
    operation, after = _read_code(data, at, stop)
    parameter = _read_parameter(data, after, stop)
    return Invoke(invoke_id=invoke_id or 0, operation=operation, parameter=parameter, linked_id=linked_id)


def _read_error(data: bytes, invoke_id: int | None, at: int, stop: int) -> Component:
    code, after = _read_code(data, at, stop)
    return ReturnError(invoke_id=invoke_id or 0, code=code, parameter=_read_parameter(data, after, stop))


def _read_reject(data: bytes, invoke_id: int | None, at: int, stop: int) -> Component:
    kind, start, end, _ = ber.read(data, at, stop)
    return Reject(invoke_id=invoke_id, kind=kind, problem=ber.read_integer(data[start:end], "problem"))


def _read_last(data: bytes, invoke_id: int | None, at: int, stop: int) -> Component:
    return _read_result(data, invoke_id, at, stop, last=True)


def _read_not_last(data: bytes, invoke_id: int | None, at: int, stop: int) -> Component:
    return _read_result(data, invoke_id, at, stop, last=False)


def _read_result(data: bytes, invoke_id: int | None, at: int, stop: int, *, last: bool) -> Component:
    if at == stop:
        return Result(invoke_id=invoke_id or 0, last=last)
    tag, start, end, _ = ber.read(data, at, stop)
    if tag != 0x30:
        return _broken(invoke_id, GeneralProblem.MISTYPED_COMPONENT)
    operation, after = _read_code(data, start, end)
    return Result(invoke_id=invoke_id or 0, operation=operation, parameter=_read_parameter(data, after, end), last=last)


_READERS: Final[Mapping[int, Callable[[bytes, int | None, int, int], Component]]] = {
    Tag.INVOKE: _read_invoke,
    Tag.RESULT_LAST: _read_last,
    Tag.RESULT_NOT_LAST: _read_not_last,
    Tag.RETURN_ERROR: _read_error,
    Tag.REJECT: _read_reject,
}


def _read_code(data: bytes, at: int, stop: int) -> tuple[int | None, int]:
    tag, start, end, after = ber.read(data, at, stop)
    if tag == ber.OBJECT_IDENTIFIER:
        return None, after
    if tag != 0x02:
        raise DecodeError("neither a local nor a global code", at=at)
    if end - start == 1 and data[start] < 0x80:
        return data[start], after
    return ber.read_integer(data[start:end], "code"), after


def _read_parameter(data: bytes, at: int, stop: int) -> bytes:
    return data[at : ber.read(data, at, stop)[3]] if at < stop else b""
