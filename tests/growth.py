"""How metrics grow while a test runs: they count for the whole process."""

from prometheus_client import REGISTRY


class Growth:
    """How much a sample has grown since this was made."""

    def __init__(self, name: str, **labels: str) -> None:
        self._sample = name, labels
        self._before = self._value()

    def _value(self) -> float:
        return REGISTRY.get_sample_value(*self._sample) or 0.0

    def __call__(self) -> float:
        return self._value() - self._before
