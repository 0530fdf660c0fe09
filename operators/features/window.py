"""Windows: which moments they begin and end at, and how these are rounded where single events are no longer kept."""

from typing import Final, NamedTuple

GAP_WINDOW: Final = 30 * 86_400_000
"""How far back `gap` and `changed` look, in ms."""

PANES: Final = 64
"""A pane is at most such a part of the time from an edge of a window to the event."""


class Window(NamedTuple):
    """The events in `(t - delay - size, t - delay]` of an event at `t`, in ms; a size of 0: without a beginning."""

    delay: int
    size: int

    @property
    def reach(self) -> int:
        """From its beginning to the event, in ms."""
        return self.delay + self.size


def window_of(aggregate: str, size: int, delay: int, settle: int) -> Window:
    """The window of a feature that declares these; `settle` is 0 where events are read as they come. All in ms."""
    if aggregate in ("gap", "changed"):
        return Window(max(settle, 1), GAP_WINDOW)
    return Window(max(delay, settle), size)


def pane_bits(offset: int) -> int:
    """Of an edge that lies `offset` ms before the event: its pane is two to this power ms long."""
    return max(offset // PANES, 1).bit_length() - 1


def pane_start(time: int, offset: int) -> int:
    """The edge at `time` (epoch ms), `offset` ms before the event, moved back to the beginning of its pane."""
    bits = pane_bits(offset)
    return time >> bits << bits
