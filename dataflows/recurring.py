"""A log for what may happen thousands of times a second: the first of each kind at once, the others counted."""

import logging
import time
from collections.abc import Callable
from typing import Final

_SILENCE: Final = 60.0


class RecurringLog:
    """Warns of the first of each kind in full, then at most once a minute of how many more there were."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds."""
        self._logger = logger
        self._clock = clock
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def warn(self, kind: str, text: str, error: BaseException | None = None) -> None:
        """Warn of `text`; the first time with the traceback of `error`, where there is one."""
        now = self._clock()
        if kind not in self._told:
            self._told[kind], self._untold[kind] = now, 0
            self._logger.warning("%s", text, exc_info=error)
            return
        self._untold[kind] += 1
        if now - self._told[kind] >= _SILENCE:
            self._logger.warning("%s (%d since this was last told)", text, self._untold[kind])
            self._told[kind], self._untold[kind] = now, 0
