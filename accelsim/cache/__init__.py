"""What was computed before, and need not be again? Texts on disk by content key, shared by all processes."""

from accelsim.cache.code import code_version
from accelsim.cache.content import canonical, key_of
from accelsim.cache.place import SETTING, Store, clear, folder, stores
from accelsim.cache.store import Cache, CacheWarning

__all__ = [
    "SETTING", "Cache", "CacheWarning", "Store", "canonical", "clear", "code_version", "folder", "key_of", "stores",
]  # fmt: skip
