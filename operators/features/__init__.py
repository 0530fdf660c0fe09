"""Feature sets: what a TOML file declares, compiled into plans that read an entity's ring."""

from operators.features.definition import Feature, FeatureSetError
from operators.features.feature_set import FeatureSet, parse_feature_set
from operators.features.plan import EntityPlan

__all__ = ["EntityPlan", "Feature", "FeatureSet", "FeatureSetError", "parse_feature_set"]
