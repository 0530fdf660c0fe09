"""Errors that are the user's to mend."""


class UserError(Exception):
    """A user's mistake; its message names the file, the field and the fix. The command line prints it and exits 2."""
