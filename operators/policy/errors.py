"""What is wrong with a policy, said to the person who wrote it."""


class PolicyError(ValueError):
    """A policy that can't be used. The message names the file, the rule, the field and the fix."""


class ConditionError(ValueError):
    """A condition that can't be used: what is wrong, and at which column, from 0, of its text."""

    def __init__(self, text: str, column: int) -> None:
        super().__init__(text)
        self.column = column

    def located(self, condition: str) -> str:
        """Where and what, with the line of the condition and a caret under the column."""
        start = condition.rfind("\n", 0, self.column) + 1
        line = condition[start:].split("\n", 1)[0]
        number = condition.count("\n", 0, start) + 1
        place = f"line {number}, column" if "\n" in condition else "column"
        column = self.column - start
        return f"{place} {column + 1}: {self}\n    {line}\n    {' ' * column}^"


def condition_problem(source: str, place: str, condition: str, error: ConditionError) -> PolicyError:
    """The error of a condition that can't be used: the file, whose it is, and what is wrong with it."""
    return PolicyError(f"{source}: {place}, {error.located(condition)}")
