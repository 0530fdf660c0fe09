"""What a policy is explained for: one event with its score and its features, from a file or from the flow's logs."""

from collections.abc import Iterator
from math import nan
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.codec import InvalidRecordError, decode_event
from contracts.decisions import DECIMALS
from contracts.events import Event
from contracts.messages import RiskUpdateMessage
from contracts.problems import first_problem
from dataflows.errors import UserError
from dataflows.settings import Settings
from dataflows.to_end import records_to_end
from operators.policy import Policy
from operators.policy.levels import Levels
from operators.policy.reading import Moment
from operators.unknown_names import instead_of

Share = Annotated[float, Field(ge=0, le=1)]


class GivenMoment(BaseModel):
    """What a file says of an event. Without a score it is as while the scorer is away."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    event: dict[str, Any]
    score: Share | None = None
    features: dict[str, float | None] = {}
    user_risk: Share | None = None
    """After the score; without one, that of a user who has done nothing before."""
    level: str | None = None
    late: bool = False


def parse_moment(text: bytes, place: str, policy: Policy) -> Moment:
    """The moment in a JSON object. Raises UserError, naming the place and the field."""
    try:
        given = GivenMoment.model_validate_json(text)
        event = decode_event(orjson.dumps(given.event))
    except ValidationError as error:
        raise UserError(f"{place}: {first_problem(error)}") from None
    except InvalidRecordError as error:
        raise UserError(f"{place}: event: {error}") from None
    features = {name: nan if value is None else value for name, value in given.features.items()}
    score = None if given.score is None else round(given.score, DECIMALS)
    names = Levels.of(policy).names
    risk, level = _risk_after(policy, event, score)
    if given.user_risk is not None:
        risk, level = given.user_risk, names[policy.user_risk.level(0, given.user_risk)]
    if given.level is not None:
        level = given.level
        if level not in names:
            raise UserError(f"{place}: level: the policy has no level {level!r}; {instead_of(level, names)}")
    return Moment(event, score, risk, level, given.late, features, policy.threshold_values)


def moment_of(event: Event, update: RiskUpdateMessage, policy: Policy) -> Moment:
    """The moment of an event, as its risk update tells of it."""
    features = {name: nan if value is None else value for name, value in (update.features or {}).items()}
    score = None if update.degraded else update.score
    return Moment(event, score, update.user_risk, update.level, update.late, features, policy.threshold_values)


def find_update(url: str, event: Event, settings: Settings) -> RiskUpdateMessage:
    """The risk update of an event among those at a URL. Raises UserError where there is none."""
    for update in _updates(url, event.event_id, settings):
        if (update.event_id, update.user_id) == (event.event_id, event.user_id):
            return update
    raise UserError(f"--updates {url}: no risk update of the event {event.event_id} of the user {event.user_id}")


def _updates(url: str, event_id: str, settings: Settings) -> Iterator[RiskUpdateMessage]:
    sought = orjson.dumps(event_id)
    for place, record in records_to_end(url, settings.topics.risk_updates, settings.kafka.client()):
        if sought in record.value:
            try:
                yield RiskUpdateMessage.model_validate_json(record.value)
            except ValidationError as error:
                raise UserError(f"{place}: no risk update: {first_problem(error)}") from None


def _risk_after(policy: Policy, event: Event, score: float | None) -> tuple[float, str]:
    levels = Levels.of(policy)
    course, names = levels.course, levels.names
    state = None if score is None else course.after(None, event.event_time, score)
    if state is None:
        return 0.0, names[0]
    settled, _ = course.settled(state)
    return settled.risk, names[settled.level]
