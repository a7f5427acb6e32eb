"""A connection between a browser and a service that can be cut, and mended."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_BYTES: Final = 64 * 1024


@dataclass(slots=True)
class Cable:
    """Passes on what comes, unless it is cut: then all connections break, and none is made."""

    target_port: int
    _listener: socket.socket
    _open: set[socket.socket] = field(default_factory=set)
    _is_cut: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def to(cls, target_port: int) -> Iterator["Cable"]:
        """A cable to a port of this machine."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            cable = cls(target_port, listener)
            threading.Thread(target=cable._accept, daemon=True).start()
            try:
                yield cable
            finally:
                cable.cut()

    @property
    def port(self) -> int:
        """Where a browser connects to."""
        port: int = self._listener.getsockname()[1]
        return port

    def cut(self) -> None:
        """Break what there is."""
        with self._lock:
            self._is_cut = True
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections be made again."""
        with self._lock:
            self._is_cut = False

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with (
            near,
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.target_port)) as far,
        ):
            with self._lock:
                if self._is_cut:
                    return
                self._open |= {near, far}
            back = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
            back.start()
            _pass_on(near, far)
            back.join()
            with self._lock:
                self._open -= {near, far}


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_BYTES):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
