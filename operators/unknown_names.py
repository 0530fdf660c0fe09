"""What is said of a name that isn't known: in feature sets, in policies and in their expressions."""

from collections.abc import Collection
from difflib import get_close_matches


def instead_of(name: str, known: Collection[str]) -> str:
    """What to write for an unknown name: the closest of the known ones, or all of them."""
    ending = [other for other in known if other.rpartition(".")[2] == name]
    if close := ending or get_close_matches(name, known, n=1):
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(known)}" if known else "none is declared"
