from tests.flow.conftest import make_cluster, make_directory

__all__ = ["make_cluster", "make_directory"]
