"""Runs flytekit's entry point, unmodified, for many attempts: imported once, then forked for each.

`warm.py SOCKET` serves; `pyflyte-execute` and its siblings (copies of `client` below) hand over their command
line, environment, folder and streams, and end as the fork ends.
"""

import array
import json
import os
import signal
import socket
import sys
import threading
import types

PROGRAMS = {
    "pyflyte-execute": "execute_task_cmd",
    "pyflyte-fast-execute": "fast_execute_task_cmd",
    "pyflyte-map-execute": "map_execute_task_cmd",
}


def receive(connection):
    descriptors = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(1 << 20, socket.CMSG_LEN(3 * descriptors.itemsize))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content)
    while not data.endswith(b"\n"):
        data += connection.recv(1 << 20)
    return json.loads(data), list(descriptors)


def run(request, descriptors):
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for folder in reversed(request["environment"].get("PYTHONPATH", "").split(":")):
        if folder:
            sys.path.insert(0, folder)
    sys.argv = request["line"]
    from flytekit.bin import entrypoint

    try:
        getattr(entrypoint, PROGRAMS[os.path.basename(sys.argv[0])])()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve(connection):
    try:
        request, descriptors = receive(connection)
    except (OSError, ValueError):
        return
    child = os.fork()
    if child == 0:
        # What kills the client kills this as well.
        os.setpgid(0, request["group"])
        run(request, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)

    def follow():
        try:
            is_open = connection.recv(1) != b""
        except ConnectionResetError:
            is_open = False
        # The client was killed.
        if not is_open:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass

    threading.Thread(target=follow, daemon=True).start()
    _, status = os.waitpid(child, 0)
    try:
        connection.sendall(b"%d\n" % status)
    except OSError:
        pass


def stub_pandas():
    """The recorded modules import pandas at their top, and one scenario only needs it."""
    try:
        import pandas  # noqa: F401
    except ImportError:
        sys.modules["pandas"] = types.ModuleType("pandas")
        sys.modules["pandas"].DataFrame = type("DataFrame", (), {})


def main():
    stub_pandas()
    import flytekit  # noqa: F401
    from flytekit.bin import entrypoint  # noqa: F401

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(64)
    print("ready", flush=True)
    # The parent is gone.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
