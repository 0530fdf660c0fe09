"""Why keyed state can't be used; each message names the place and what to do."""

from dataflows.errors import UserError

RESTORE = "restore the state directory from a backup, or move it away to start from nothing"


class StateError(UserError):
    """A state directory that this version of the flow can't use."""


class StateLockedError(StateError):
    """A key group that is open elsewhere."""


class StateLostError(StateError):
    """A version that the engine remembers and the store does not hold: somebody lost or replaced data."""


class StateDamagedError(StateError):
    """A record that is not what was written."""
