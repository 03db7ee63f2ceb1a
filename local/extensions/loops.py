"""From a worker thread back to the server's event loop: the emulator's buckets are plain dictionaries that only the loop may change."""

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

_loop: contextvars.ContextVar[asyncio.AbstractEventLoop] = contextvars.ContextVar("loop")


async def apart(action: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - whatever it gives
    """Do something slow in a thread, from where `on_loop` finds the way back."""
    _loop.set(asyncio.get_running_loop())
    return await asyncio.to_thread(action, *arguments)


def on_loop(action: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - whatever it gives
    """Do something short on the loop, in the context of the caller, and wait for it."""

    async def done() -> Any:  # noqa: ANN401 - whatever it gives
        return action(*arguments)

    return asyncio.run_coroutine_threadsafe(done(), _loop.get()).result()
