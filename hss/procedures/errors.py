"""Why a procedure refuses. No protocol numbers here: each protocol's table gives them.

ProcedureError
    UserUnknown            no such identity, or it is not in service
    IdentityNotRegistered  the identity has neither a registration nor services without one
    FeaturesUnsupported    the request needs a feature that is not supported
    RegistrationBroken     what is stored contradicts itself
"""


class ProcedureError(Exception):
    """A refusal in words of the domain."""


class UserUnknown(ProcedureError):
    """No such identity, or it is not in service."""


class IdentityNotRegistered(ProcedureError):
    """The identity has neither a registration nor services without one."""


class FeaturesUnsupported(ProcedureError):
    """The request needs a feature that is not supported."""


class RegistrationBroken(ProcedureError):
    """What is stored contradicts itself."""
