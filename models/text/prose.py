"""Windows as prose: the scored event and its own text, what is unusual about its features, then the earlier events,
newest first."""

from collections.abc import Iterator
from typing import Final

from contracts.events import AMOUNT_SCALE
from contracts.scoring import WINDOW_ROW, ScoringInput, short_fingerprint
from models.event_fields import VOCABULARIES
from models.text.languages import LANGUAGES
from models.text.settings import Levels, TextSettings

_TIME, _AMOUNT, _ENTITIES, _COUNTRY, _CATEGORY, _OUTCOME, _TYPE = 0, 1, slice(2, 6), 6, 7, 8, 9
"""Where WINDOW_ROW has them."""

_Row = tuple[int, ...]

_UNITS: Final = ((60_000, 1_000), (3_600_000, 60_000), (86_400_000, 3_600_000), (None, 86_400_000))
"""Up to so many milliseconds a unit is used, and how many it has."""


_QUOTES: Final = str.maketrans(dict.fromkeys('"“”', "'"))
"""A text doesn't end its own quotation."""


class Quoted(str):
    """Somebody's own words: a piece that is seldom told again, and is cut where it doesn't fit."""


class Prose:
    """Tells windows in pieces of text that come again and again; put together they are the prose.

    A piece depends on nothing but what it tells, so that its tokens can be kept.
    """

    def __init__(self, settings: TextSettings) -> None:
        self._said = LANGUAGES[settings.language]
        self._words = settings.words
        self._names = {
            field: {short_fingerprint(name): self._word(name) for name in getattr(settings.names, field)}
            for field in VOCABULARIES
        }
        self._tells_text = settings.own_text > 0
        self._levels = settings.features
        self._told = [self._word(name) for name in settings.features.names]

    def pieces(self, one: ScoringInput) -> Iterator[str]:
        """Of a window of one event or more, and its feature vector."""
        *earlier, scored = WINDOW_ROW.iter_unpack(one.window)
        earlier.reverse()
        yield from self._scored(scored, earlier)
        if self._tells_text and one.text:
            before, after = self._said.quotes
            yield from (before, Quoted(one.text.translate(_QUOTES)), after)
        for index, level in levels(self._levels, one.features):
            yield self._said.feature.format(self._told[index], self._said.levels[level])
        for row in earlier:
            yield from self._earlier(row, scored)

    def _scored(self, row: _Row, earlier: list[_Row]) -> Iterator[str]:
        said = self._said
        yield from self._event(row)
        if country := self._names["country"].get(row[_COUNTRY]):
            yield said.country.format(country)
        hours = row[_TIME] // 3_600_000
        yield said.moment.format(said.weekdays[(hours // 24 + 3) % 7], hours % 24)
        if earlier:
            before = next((one[_COUNTRY] for one in earlier if one[_COUNTRY]), 0)
            if before and row[_COUNTRY] and before != row[_COUNTRY]:
                yield said.fact.format(said.country_changed)
            seen = list(zip(*(one[_ENTITIES] for one in earlier), strict=True))
            for name, entity, known in zip(said.entities, row[_ENTITIES], seen, strict=True):
                if entity and entity not in known:
                    yield said.fact.format(said.new.format(name))

    def _earlier(self, row: _Row, scored: _Row) -> Iterator[str]:
        said = self._said
        yield said.earlier.format(self._duration(scored[_TIME] - row[_TIME]))
        yield from self._event(row, said.then)
        for name, entity, latest in zip(said.entities, row[_ENTITIES], scored[_ENTITIES], strict=True):
            if entity and latest and entity != latest:
                yield said.fact.format(said.other.format(name))

    def _event(self, row: _Row, lead: str = "") -> Iterator[str]:
        said = self._said
        yield lead + said.event_types[row[_TYPE]]
        if row[_AMOUNT] >= 0:
            yield said.amount.format(rounded(row[_AMOUNT] / AMOUNT_SCALE))
        for field, value in (("category", row[_CATEGORY]), ("outcome", row[_OUTCOME])):
            if name := self._names[field].get(value):
                yield said.fact.format(name)

    def _duration(self, millis: int) -> str:
        for (end, unit), phrase in zip(_UNITS, self._said.units, strict=True):
            if end is None or millis < end:
                return phrase.format(max(millis, 0) // unit)
        raise AssertionError("the last unit has no end")

    def _word(self, name: str) -> str:
        return self._words.get(name, name.replace("_", " "))


def levels(known: Levels, features: tuple[float, ...]) -> Iterator[tuple[int, int]]:
    """The features whose values are unusual: their places, and 0 (very low), 1 (low), 3 (high), 4 or 5 (extreme)."""
    for index, edges in enumerate(known.edges):
        value = features[index]
        if not edges or value != value or edges[1] <= value <= edges[2]:
            continue
        yield index, sum(value >= edge for edge in edges[:2]) + sum(value > edge for edge in edges[2:])


def rounded(amount: float) -> str:
    """Two digits that count, which is as much as a model can use and makes few different texts."""
    return f"{float(f'{amount:.2g}'):.12g}"
