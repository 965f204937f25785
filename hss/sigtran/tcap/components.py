"""Components of TCAP: values with their codec. Source: ITU-T Q.773 §3.2.

Parameters are kept as the octets of their whole element; who knows the operation reads them.
"""

from dataclasses import dataclass

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


Component = Invoke | Result | ReturnError | Reject


def _integer(number: int) -> bytes:
    if -128 <= number < 128:
        return bytes((0x02, 1, number & 0xFF))
    return ber.write(0x02, ber.write_integer(number))


def read_components(data: bytes, start: int, stop: int) -> list[Component]:
    """Read all components; from the first broken one on the rest is replaced by a Reject (Q.774 §3.2.2.2)."""
    found: list[Component] = []
    at = start
    while at < stop:
        try:
            element = ber.read(data, at, stop)
        except DecodeError:
            found.append(_broken(None, GeneralProblem.BADLY_STRUCTURED_COMPONENT))
            break
        component = _read_component(data, element)
        found.append(component)
        if isinstance(component, Reject) and component.local:
            break
        at = element.after
    return found


def _broken(invoke_id: int | None, problem: GeneralProblem) -> Reject:
    return Reject(invoke_id=invoke_id, kind=ProblemKind.GENERAL, problem=problem, local=True)


def _read_component(data: bytes, element: ber.Element) -> Component:
    tag, start, stop, _ = element
    if tag not in {Tag.INVOKE, Tag.RESULT_LAST, Tag.RESULT_NOT_LAST, Tag.RETURN_ERROR, Tag.REJECT}:
        return _broken(None, GeneralProblem.UNRECOGNIZED_COMPONENT)
    invoke_id: int | None = None
    try:
        first = ber.read(data, start, stop)
        if first.tag == 0x02 and first.stop - first.start == 1:
            octet = data[first.start]
            invoke_id = octet - 256 if octet > 127 else octet
        elif first.tag != 0x05 or tag != Tag.REJECT:
            return _broken(None, GeneralProblem.MISTYPED_COMPONENT)
        return _read_body(data, tag, invoke_id, first.after, stop)
    except DecodeError:
        return _broken(invoke_id, GeneralProblem.BADLY_STRUCTURED_COMPONENT)


def _read_body(data: bytes, tag: int, invoke_id: int | None, at: int, stop: int) -> Component:
    if tag == Tag.REJECT:
        element = ber.read(data, at, stop)
        problem = ber.read_integer(data[element.start : element.stop], "problem")
        return Reject(invoke_id=invoke_id, kind=element.tag, problem=problem)
    named = invoke_id or 0
    if tag == Tag.INVOKE:
        return _read_invoke(data, named, at, stop)
    if tag == Tag.RETURN_ERROR:
        code, after = _read_code(data, at, stop)
        return ReturnError(invoke_id=named, code=code, parameter=_read_parameter(data, after, stop))
    return _read_result(data, named, at, stop, last=tag == Tag.RESULT_LAST)


def _read_invoke(data: bytes, invoke_id: int, at: int, stop: int) -> Component:
    linked_id = None
    if at < stop and data[at] == Tag.LINKED_ID:
        element = ber.read(data, at, stop)
        linked_id = ber.read_integer(data[element.start : element.stop], "linkedId")
        at = element.after
    operation, after = _read_code(data, at, stop)
    parameter = _read_parameter(data, after, stop)
    return Invoke(invoke_id=invoke_id, operation=operation, parameter=parameter, linked_id=linked_id)


def _read_result(data: bytes, invoke_id: int, at: int, stop: int, *, last: bool) -> Component:
    if at == stop:
        return Result(invoke_id=invoke_id, last=last)
    element = ber.read(data, at, stop)
    if element.tag != 0x30:
        return _broken(invoke_id, GeneralProblem.MISTYPED_COMPONENT)
    operation, after = _read_code(data, element.start, element.stop)
    parameter = _read_parameter(data, after, element.stop)
    return Result(invoke_id=invoke_id, operation=operation, parameter=parameter, last=last)


def _read_code(data: bytes, at: int, stop: int) -> tuple[int | None, int]:
    element = ber.read(data, at, stop)
    if element.tag == ber.OBJECT_IDENTIFIER:
        return None, element.after
    if element.tag != 0x02:
        raise DecodeError("neither a local nor a global code", at=at)
    if element.stop - element.start == 1 and data[element.start] < 0x80:
        return data[element.start], element.after
    return ber.read_integer(data[element.start : element.stop], "code"), element.after


def _read_parameter(data: bytes, at: int, stop: int) -> bytes:
    if at >= stop:
        return b""
    return data[at : ber.read(data, at, stop).after]
