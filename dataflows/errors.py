"""Errors that are the user's to mend."""


class UserError(Exception):
    """A user's mistake; its message names the file, the field and the fix. The command line prints it and exits 2."""


class RestartRequiredError(Exception):
    """The running flow no longer fits the world, as when a topic has grown: its supervisor must start it again."""
