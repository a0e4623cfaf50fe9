"""The store of pilots, whose adoptions are policy."""

from tests.serving.pilots.conftest import trial

__all__ = ["trial"]
