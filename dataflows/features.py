"""Feature sets from files."""

from pathlib import Path

from dataflows.errors import UserError
from operators.features import FeatureSet, FeatureSetError, parse_feature_set


def load_feature_set(path: Path) -> FeatureSet:
    """The feature set that a TOML file declares. Raises UserError naming the file, the feature and the fix."""
    try:
        return parse_feature_set(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UserError(f"{path}: can't read the feature set: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}: save the feature set as UTF-8") from None
    except FeatureSetError as error:
        raise UserError(str(error)) from None
