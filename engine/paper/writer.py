"""The one thread that writes: what comes while it commits is committed together next, and nobody is told before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection

from engine.errors import StoreError
from engine.paper.store import Store

_MOST_AT_ONCE = 500
T = TypeVar("T")
Job = Callable[[Connection], Any]


class Writer:
    """Runs jobs one after another, many in one transaction. What `do` has returned is on the disk."""

    def __init__(self, store: Store, finish: Callable[[Connection], None], forget: Callable[[], None]) -> None:
        """Take what ends each transaction, and what is done after one that failed."""
        self._store, self._finish, self._forget = store, finish, forget
        self._jobs: SimpleQueue[tuple[Job, Future[Any]] | None] = SimpleQueue()
        self._closed = False
        self._mutex = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="paper-writer", daemon=True)
        self._thread.start()

    def do(self, job: Callable[[Connection], T]) -> T:
        """Run a job and wait until it is on the disk. Errors: StoreError, and then nothing of it is."""
        return self.submit(job).result()

    def submit(self, job: Callable[[Connection], T]) -> Future[T]:
        """Let a job run; its future is done when it is on the disk, or has its error. Errors: StoreError if closed."""
        done: Future[T] = Future()
        with self._mutex:
            if self._closed:
                raise StoreError("the ledger is closed")
            self._jobs.put((job, done))
        return done

    def close(self) -> None:
        """End after what has been asked for."""
        with self._mutex:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            batch, last = [first], False
            while len(batch) < _MOST_AT_ONCE:
                try:
                    more = self._jobs.get_nowait()
                except Empty:
                    break
                if more is None:
                    last = True
                    break
                batch.append(more)
            self._commit([one for one in batch if one[1].set_running_or_notify_cancel()])
            if last:
                return

    def _commit(self, batch: list[tuple[Job, Future[Any]]]) -> None:
        try:
            with self._store.transaction() as connection:
                results = [job(connection) for job, _ in batch]
                self._finish(connection)
        except BaseException as error:  # noqa: BLE001 - whoever waits is told, and the thread lives on
            self._forget()
            self._fail(batch, error)
            return
        for (_, done), result in zip(batch, results, strict=True):
            done.set_result(result)

    def _fail(self, batch: list[tuple[Job, Future[Any]]], error: BaseException) -> None:
        """Tell one job's error to it alone: the others are run again, each by itself."""
        if len(batch) == 1:
            batch[0][1].set_exception(error)
            return
        for one in batch:
            self._commit([one])
