"""Remember the exception that ended a flow.

With several processes the engine loses it: the thread that sends to the peers panics over it, and all that is left is
"Send thread panic: Any { .. }". So every callback that the engine calls notes its exception on the way out.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bytewax.dataflow import Dataflow, Operator

_METHODS = (
    "list_parts", "part_fn", "next_batch", "next_awake", "write_batch", "snapshot", "close",
    "on_batch", "on_notify", "on_eof", "notify_at",
)  # fmt: skip


class FirstError:
    """The first exception that left one of the callbacks of a flow, in this process."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def watch(self, flow: Dataflow) -> None:
        """Note what the callbacks of this flow's steps raise. Call it once, after the flow is built."""
        for step in _core_steps(flow.substeps):
            for name, watched in self._watched_fields(step):
                object.__setattr__(step, name, watched)  # Steps are frozen dataclasses.

    def _watched_fields(self, step: Operator) -> Iterator[tuple[str, Any]]:
        for name, value in vars(step).items():
            if name in ("source", "sink"):
                yield name, self._object(value)
            elif name == "builder":
                yield name, self._callback(value, self._object)
            elif name == "mapper":
                yield name, self._callback(value, _evaluated)

    def _object(self, target: Any) -> Any:
        for name in _METHODS:
            if hasattr(target, name):
                setattr(target, name, self._callback(getattr(target, name)))
        for name in ("build", "build_part"):
            if hasattr(target, name):
                setattr(target, name, self._callback(getattr(target, name), self._object))
        return target

    def _callback(self, function: Callable[..., Any], then: Callable[[Any], Any] | None = None) -> Callable[..., Any]:
        def noting(*args: Any) -> Any:
            try:
                result = function(*args)
                return result if then is None else then(result)
            except StopIteration:
                raise
            except BaseException as error:
                self.error = self.error or error
                raise

        return noting


def _evaluated(items: Iterable[Any]) -> list[Any]:
    return items if isinstance(items, list) else list(items)  # A generator would raise where nobody notes it.


def _core_steps(steps: Iterable[Operator]) -> Iterator[Operator]:
    for step in steps:
        if step.substeps:
            yield from _core_steps(step.substeps)
        else:
            yield step
