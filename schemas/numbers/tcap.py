"""Numbers of TCAP. Source: ITU-T Q.773."""

from enum import IntEnum


class Tag(IntEnum):
    """Tags of messages and of their parts."""

    UNIDIRECTIONAL = 0x61
    BEGIN = 0x62
    END = 0x64
    CONTINUE = 0x65
    ABORT = 0x67
    ORIGINATING_ID = 0x48
    DESTINATION_ID = 0x49
    P_ABORT_CAUSE = 0x4A
    DIALOGUE_PORTION = 0x6B
    COMPONENT_PORTION = 0x6C
    INVOKE = 0xA1
    RESULT_LAST = 0xA2
    RETURN_ERROR = 0xA3
    REJECT = 0xA4
    RESULT_NOT_LAST = 0xA7
    LINKED_ID = 0x80


class PAbortCause(IntEnum):
    """Why the transaction sublayer gave up."""

    UNRECOGNIZED_MESSAGE_TYPE = 0
    UNRECOGNIZED_TRANSACTION_ID = 1
    BADLY_FORMATTED = 2
    INCORRECT_TRANSACTION_PORTION = 3
    RESOURCE_LIMITATION = 4


class ProblemKind(IntEnum):
    """Tag of the problem in a Reject."""

    GENERAL = 0x80
    INVOKE = 0x81
    RESULT = 0x82
    ERROR = 0x83


class GeneralProblem(IntEnum):
    """Problems of any component."""

    UNRECOGNIZED_COMPONENT = 0
    MISTYPED_COMPONENT = 1
    BADLY_STRUCTURED_COMPONENT = 2


class InvokeProblem(IntEnum):
    """Problems of an Invoke."""

    DUPLICATE_INVOKE_ID = 0
    UNRECOGNIZED_OPERATION = 1
    MISTYPED_PARAMETER = 2
    RESOURCE_LIMITATION = 3
    INITIATING_RELEASE = 4
    UNRECOGNIZED_LINKED_ID = 5
    LINKED_RESPONSE_UNEXPECTED = 6
    UNEXPECTED_LINKED_OPERATION = 7


class ResultProblem(IntEnum):
    """Problems of a ReturnResult."""

    UNRECOGNIZED_INVOKE_ID = 0
    RESULT_UNEXPECTED = 1
    MISTYPED_PARAMETER = 2


class ErrorProblem(IntEnum):
    """Problems of a ReturnError."""

    UNRECOGNIZED_INVOKE_ID = 0
    ERROR_UNEXPECTED = 1
    UNRECOGNIZED_ERROR = 2
    UNEXPECTED_ERROR = 3
    MISTYPED_PARAMETER = 4


class Diagnostic(IntEnum):
    """result-source-diagnostic of an AARE: choice tag (high octet) and value."""

    USER_NULL = 0xA100
    USER_NO_REASON = 0xA101
    CONTEXT_NOT_SUPPORTED = 0xA102
    PROVIDER_NULL = 0xA200
    PROVIDER_NO_REASON = 0xA201
    NO_COMMON_DIALOGUE_PORTION = 0xA202
