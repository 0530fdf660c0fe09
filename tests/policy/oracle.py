"""The plain reading of a condition, of the moments that tests are made of."""

from operators.policy import reading
from operators.policy.reading import Value
from operators.policy.tree import Node
from tests.policy.moments import FEATURES, THRESHOLDS, Moment


def value_of(node: Node, moment: Moment) -> Value:
    """The value of a node, None where it isn't known."""
    return reading.value_of(node, said(moment))


def said(moment: Moment) -> reading.Moment:
    """The moment as it is read."""
    score = None if moment.degraded else moment.score
    features = dict(zip(FEATURES, moment.features, strict=True))
    return reading.Moment(moment.event, score, moment.user_risk, moment.level, moment.late, features, THRESHOLDS)
