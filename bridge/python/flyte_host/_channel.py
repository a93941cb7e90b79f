"""Transports of plugins in flytekit's gRPC channel: inside its retries, outside its authentication.

A plugin sees neither tokens nor the retries of the authentication.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
from typing import TYPE_CHECKING, Any, Callable

import grpc
from flytekit.clients import raw
from flytekit.configuration import PlatformConfig

from flyte_host._errors import PluginError, StatusError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flyte_host._native import Answer, Transport

Metadata = list[tuple[str, str]]

#: Headers that plugins do not see.
SECRET = ("authorization", "proxy-authorization", "flyte-authorization")

CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclasses.dataclass(frozen=True)
class Carrier:
    """How calls are carried: the answer of the chain, and the headers that plugins add."""

    answer: Answer
    headers: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class CarriedPlatformConfig(PlatformConfig):
    """flytekit's connection settings with a carrier, for every client that is made of them."""

    flyte_host: Carrier | None = dataclasses.field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what makes a copy in another process, without the carrier: it is in this one."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(PlatformConfig)}
        return functools.partial(PlatformConfig, **fields), ()


def carried_by(
    platform: PlatformConfig, answer: Answer, headers: Iterable[tuple[str, str]]
) -> CarriedPlatformConfig:
    """Return connection settings whose clients carry their calls through the plugins' transports."""
    _patch()
    values = {field.name: getattr(platform, field.name) for field in dataclasses.fields(PlatformConfig)}
    return CarriedPlatformConfig(**values, flyte_host=Carrier(answer, tuple(headers)))


@functools.lru_cache(maxsize=1)
def _patch() -> None:
    """Let flytekit's client put its retries around the plugins' transports."""
    original = getattr(raw, "wrap_exceptions_channel", None)
    if original is None:
        from flytekit import __version__

        message = f"cannot carry calls through plugins: flytekit {__version__} makes its channels differently"
        raise PluginError(
            message, hints=["install flytekit 1.16, or set `FLYTE_PLUGIN=builtin`"], exit_code=10
        )

    @functools.wraps(original)
    def wrap_exceptions_channel(cfg: PlatformConfig, in_channel: grpc.Channel) -> grpc.Channel:
        carrier = getattr(cfg, "flyte_host", None)
        if carrier is not None:
            in_channel = PluginChannel(in_channel, carrier)
        return original(cfg, in_channel)

    raw.wrap_exceptions_channel = wrap_exceptions_channel


class PluginChannel(grpc.Channel):
    """A channel whose unary calls go through the transports of plugins."""

    def __init__(self, channel: grpc.Channel, carrier: Carrier) -> None:
        """Wrap the channel that the plugins' transports call in the end."""
        self._channel = channel
        self._carrier = carrier
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._is_open = False
        self._local = threading.local()

    def transport(self) -> Transport | None:
        """Return the transports, opened at the first call."""
        with self._lock:
            if not self._is_open:
                if self._carrier.answer.has_transport:
                    self._transport = self._carrier.answer.open_transport(self._carry)
                self._is_open = True
            return self._transport

    def call(self, path: str, metadata: Any, message: bytes, timeout: float | None) -> tuple[Any, bytes]:
        """Carry one call; returns the headers of the answer and the answer."""
        pairs = [(key, value) for key, value in metadata or ()]
        hidden = [pair for pair in pairs if pair[0] in SECRET or not isinstance(pair[1], str)]
        shown = [*(pair for pair in pairs if pair not in hidden), *self._carrier.headers]
        transport = self.transport()
        if transport is None:
            answer, call = self._inner(path).with_call(message, timeout=timeout, metadata=[*shown, *hidden])
            return _text(call.initial_metadata(), call.trailing_metadata()), answer
        self._local.hidden, self._local.error = hidden, None
        try:
            return transport.call(path, shown, message, timeout)
        except StatusError as status:
            raise self._own_error(status) or refusal(status) from None
        except PluginError as error:
            if error.plugin is None and self._local.error is not None:
                raise self._local.error from None
            raise PluginFailedError(error) from error
        finally:
            self._local.hidden = self._local.error = None

    def _carry(
        self, path: str, metadata: Metadata, message: bytes, timeout: float | None
    ) -> tuple[Metadata, bytes]:
        """Call the server; the transports of plugins end here."""
        hidden = getattr(self._local, "hidden", None) or []
        try:
            answer, call = self._inner(path).with_call(
                message, timeout=timeout, metadata=[*metadata, *hidden]
            )
        except grpc.RpcError as error:
            self._local.error = error
            raise _status(error) from error
        except Exception as error:
            self._local.error = error
            raise
        return _text(call.initial_metadata(), call.trailing_metadata()), answer

    def invalid_answer(self, path: str, error: Exception) -> PluginError:
        """Return the error of the plugins whose answer is not the method's."""
        names = self._carrier.answer.transports
        plugins = "plugin " + ", plugin ".join(f"`{name}`" for name in names) if names else "the server"
        message = f"{plugins} answered {path.rsplit('/', 1)[-1]} with an invalid message"
        return PluginError(message, [str(error)], plugin=names[0] if names else None)

    def _own_error(self, status: StatusError) -> grpc.RpcError | None:
        """Return the server's own error, if plugins passed it on as it was."""
        error = getattr(self._local, "error", None)
        if not isinstance(error, grpc.RpcError):
            return None
        is_same = (status.code, status.message) == (error.code().value[0], error.details() or "")
        return error if is_same else None

    def _inner(self, path: str) -> grpc.UnaryUnaryMultiCallable:
        return self._channel.unary_unary(path)

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes] | None = None,
        response_deserializer: Callable[[bytes], Any] | None = None,
        *_: Any,
        **__: Any,
    ) -> grpc.UnaryUnaryMultiCallable:
        """Return a method whose calls go through the plugins."""
        return _Method(self, method, request_serializer, response_deserializer)

    def unary_stream(self, *args: Any, **kwargs: Any) -> grpc.UnaryStreamMultiCallable:
        """Return a method of the server itself: transports carry no streams."""
        return self._channel.unary_stream(*args, **kwargs)

    def stream_unary(self, *args: Any, **kwargs: Any) -> grpc.StreamUnaryMultiCallable:
        """Return a method of the server itself: transports carry no streams."""
        return self._channel.stream_unary(*args, **kwargs)

    def stream_stream(self, *args: Any, **kwargs: Any) -> grpc.StreamStreamMultiCallable:
        """Return a method of the server itself: transports carry no streams."""
        return self._channel.stream_stream(*args, **kwargs)

    def subscribe(self, callback: Any, try_to_connect: Any = None) -> None:
        """Subscribe to the connection behind the plugins."""
        self._channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Any) -> None:
        """End a subscription."""
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        """Close the connection behind the plugins."""
        self._channel.close()

    def __enter__(self) -> PluginChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Method(grpc.UnaryUnaryMultiCallable):
    """A unary method whose calls go through plugins."""

    def __init__(
        self,
        channel: PluginChannel,
        path: str | bytes,
        serialize: Callable[[Any], bytes] | None,
        deserialize: Callable[[bytes], Any] | None,
    ) -> None:
        self._channel = channel
        self._path = path.decode() if isinstance(path, bytes) else path
        self._serialize = serialize or bytes
        self._deserialize = deserialize or (lambda message: message)

    def with_call(
        self, request: Any, timeout: float | None = None, metadata: Any = None, *_: Any, **__: Any
    ) -> tuple[Any, grpc.Call]:
        headers, message = self._channel.call(self._path, metadata, self._serialize(request), timeout)
        return self._decode(message), _AnsweredCall(headers)

    def _decode(self, message: bytes) -> Any:
        try:
            return self._deserialize(message)
        except Exception as error:
            raise PluginFailedError(self._channel.invalid_answer(self._path, error)) from error

    def __call__(
        self, request: Any, timeout: float | None = None, metadata: Any = None, *_: Any, **__: Any
    ) -> Any:
        return self.with_call(request, timeout, metadata)[0]

    def future(self, *args: Any, **kwargs: Any) -> grpc.Future:
        del args, kwargs
        message = "calls through the transport of a plugin are synchronous"
        raise NotImplementedError(message)


class _FinishedCall(grpc.Call):
    """What all calls have that are over."""

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> float | None:
        return None

    def cancel(self) -> bool:
        return False

    def add_callback(self, callback: Any) -> bool:
        del callback
        return False

    def initial_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()


class _AnsweredCall(_FinishedCall):
    """A call that was answered."""

    def __init__(self, headers: Metadata) -> None:
        self._headers = tuple(headers)

    def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._headers

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    def details(self) -> str:
        return ""


class PluginFailedError(grpc.RpcError, _FinishedCall, grpc.Future):
    """A call that failed in a plugin.

    gRPC passes it through flytekit's interceptors. flytekit's retries ask for the exception, and so end
    there: the plugin is not asked again.
    """

    def __init__(self, error: PluginError) -> None:
        """Remember the error of the plugin."""
        super().__init__(str(error))
        self.error = error

    def exception(self, timeout: float | None = None) -> BaseException:
        """Raise the error of the plugin."""
        del timeout
        raise self.error

    def result(self, timeout: float | None = None) -> Any:
        """Raise this error, which gRPC passes on."""
        del timeout
        raise self

    def traceback(self, timeout: float | None = None) -> Any:
        """Return no traceback: the error is a plugin's."""
        del timeout

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Call the function at once."""
        fn(self)

    def cancelled(self) -> bool:
        """Return that the call was not cancelled."""
        return False

    def running(self) -> bool:
        """Return that the call is over."""
        return False

    def done(self) -> bool:
        """Return that the call is over."""
        return True

    def code(self) -> grpc.StatusCode:
        """Return gRPC's code for an error without one."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the error's text."""
        return str(self.error)


def _status(error: grpc.RpcError) -> StatusError:
    trailers = list(error.trailing_metadata() or ())
    details = next((value for key, value in trailers if key == "grpc-status-details-bin"), b"")
    return StatusError(error.code().value[0], error.details() or "", details, _text(trailers))


def _text(*headers: Any) -> Metadata:
    return [(key, value) for pairs in headers for key, value in pairs or () if isinstance(value, str)]


def refusal(status: StatusError) -> grpc.RpcError:
    """Return gRPC's own error for a status, which flytekit recognizes and prints."""
    from grpc._channel import _InactiveRpcError, _RPCState

    trailers = [*status.metadata]
    if status.details:
        trailers.append(("grpc-status-details-bin", status.details))
    code = CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return _InactiveRpcError(_RPCState((), (), tuple(trailers), code, status.message))


def carry_through(client: Any) -> Callable[..., tuple[Metadata, bytes]]:
    """Return a function that carries encoded calls as a client does, with its retries and sign-in."""
    channel = client._channel  # noqa: SLF001 (flytekit has no method for it)

    def carry(path: str, metadata: Metadata, message: bytes, timeout: float | None) -> tuple[Metadata, bytes]:
        try:
            answer, call = channel.unary_unary(path).with_call(message, timeout=timeout, metadata=metadata)
        except PluginFailedError as error:
            raise error.error from error
        except grpc.RpcError as error:
            raise _status(error) from error
        except PluginError:
            raise
        except Exception as error:
            if isinstance(error.__cause__, grpc.RpcError):
                raise _status(error.__cause__) from error
            raise
        return _text(call.initial_metadata(), call.trailing_metadata()), answer

    return carry
