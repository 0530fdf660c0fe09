"""What is wrong with data is told with its field, and with what is there where that is short."""

import pytest
from pydantic import ValidationError

from contracts.messages import EventMessage
from contracts.problems import first_problem, problems

GOOD = '"event_id": "e", "event_type": "payment", "event_time": 1767225600000'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Invalid JSON: "),
        ("7", "Input should be an object"),
        (f"{{{GOOD}}}", "user_id: Field required"),
        (f'{{{GOOD}, "user_id": {"9" * 60}}}', "user_id: Input should be a valid string, not 999999"),
        (f'{{{GOOD}, "user_id": "u", "amount": -1}}', "amount: Input should be greater than or equal to 0, not -1"),
        (f'{{{GOOD}, "user_id": "u", "attributes": {{"k": [1]}}}}', "attributes.k"),
    ],
)
def test_the_field_is_named(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        EventMessage.model_validate_json(text)
    told = first_problem(raised.value)
    assert told.startswith(said)
    assert len(told) < 100
    assert told == problems(raised.value)[0]
