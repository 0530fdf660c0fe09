"""Feature sets from files."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dataflows.errors import UserError
from operators.features import FeatureSet, FeatureSetError, parse_feature_set
from operators.features.definition import FeatureFile
from operators.features.feature_file import parse_feature_file

T = TypeVar("T")


def load_feature_set(path: Path) -> FeatureSet:
    """The feature set that a TOML file declares. Raises UserError naming the file, the line, the feature and the
    fix."""
    return _load(path, parse_feature_set)


def load_feature_file(path: Path) -> FeatureFile:
    """The declarations themselves. Raises UserError as `load_feature_set` does."""
    return _load(path, parse_feature_file)


def _load(path: Path, parse: Callable[[str, str], T]) -> T:
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UserError(f"{path}: can't read the feature set: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}: save the feature set as UTF-8") from None
    except FeatureSetError as error:
        raise UserError(str(error)) from None
