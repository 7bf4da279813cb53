"""The answer to a submitted window, while Slack waits for it."""

import threading
import time
from typing import Final

from slack_sdk.models.views import View

#: How long the next window is waited for. Longer, and acknowledgements would be slow whenever the catalog is.
PATIENCE_SECONDS: Final = 0.2
#: What is drawn by a call must not overtake the answer, which would draw over it.
_ON_ITS_WAY_SECONDS: Final = 0.3


class Answer:
    """What is drawn first, and soon enough, goes into the answer; everything else waits until that has arrived."""

    def __init__(self) -> None:
        self._view: View | None = None
        self._given: float | None = None
        self._drawn = threading.Event()
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        with self._lock:
            return self._given is None

    def take(self, view: View) -> bool:
        """Whether it goes into the answer. Else it may be drawn by a call now."""
        with self._lock:
            if self._given is None:
                self._view = view
                self._drawn.set()
                return True
            left = self._given + _ON_ITS_WAY_SECONDS - time.monotonic()
        if left > 0:
            time.sleep(left)
        return False

    def give(self, otherwise: View) -> View:
        """What Slack is answered with: the next window, or what says that it is on its way."""
        self._drawn.wait(PATIENCE_SECONDS)
        with self._lock:
            self._given = time.monotonic()
            return self._view or otherwise
