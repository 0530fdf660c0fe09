"""What a user can mend: each message names the file or setting and the fix."""


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, or not made for what it is used with."""


class RecipeError(ValueError):
    """A training recipe that is not valid."""


class TrainingSetError(ValueError):
    """A training set that nothing can be learnt from."""


class EvaluationError(ValueError):
    """Events that no scorer can be judged by, or a baseline that can't be trained."""


def first_line(error: Exception) -> str:
    """What an error of another library says first, or its kind where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
