"""A warm Python: it has imported what every task imports, and forks for each attempt.

Its first argument names the module to import, the others those that are imported if they are there. Its
standard input is a socket of the engine. Each message on it brings the socket of one attempt, on which the
attempt's request comes as JSON in a line; the child answers with its process id, waits for `go`, and becomes the
program. What ended it is answered as `ended STATUS`, by the child itself where it can, since this process may be
killed.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import random
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import threading
import types


def send(connection, line):
    try:
        connection.sendall(line.encode() + b"\n")
    except OSError:
        # The engine has ended, and the start gate stays shut.
        pass


def is_closed(connection):
    """Whether the engine has closed it: the attempt was killed while this process was importing."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def replace_default(function, at, value):
    defaults = function.__defaults__
    function.__defaults__ = (*defaults[:at], value, *defaults[at + 1 :])


def places_with(folder):
    """Where objects keep paths below a folder: functions that replace each path, and what cannot be replaced."""
    in_classes, defaults, found, fixed = set(), set(), [], []
    everything = gc.get_objects()
    for thing in everything:
        if type(thing) is types.FunctionType:
            defaults.add(id(thing.__defaults__))
        if issubclass(type(thing), type):
            in_classes.update(id(own) for own in gc.get_referents(vars(thing)) if type(own) is dict)

    def is_below(value):
        return type(value) is str and value.startswith(folder)

    ours = [globals(), sys._getframe().f_locals, os.environ._data]
    skipped = {id(thing) for thing in ours} | in_classes | {id(everything), id(ours)}
    for thing in everything:
        kind = type(thing)
        if id(thing) in skipped:
            continue
        if kind is dict:
            found += [(dict.__setitem__, thing, key, value) for key, value in thing.items() if is_below(value)]
        elif kind is list:
            found += [(list.__setitem__, thing, at, value) for at, value in enumerate(thing) if is_below(value)]
        elif issubclass(kind, type):
            found += [(setattr, thing, name, value) for name, value in vars(thing).items() if is_below(value)]
        elif kind in (tuple, set, frozenset):
            if id(thing) not in defaults and any(map(is_below, thing)):
                fixed.append(repr(kind))
        elif kind is types.FunctionType:
            values = enumerate(thing.__defaults__ or ())
            found += [(replace_default, thing, at, value) for at, value in values if is_below(value)]
        elif kind.__dictoffset__ and any(map(is_below, gc.get_referents(thing))):
            own = vars(thing)
            found += [(dict.__setitem__, own, key, value) for key, value in own.items() if is_below(value)]
    return found, fixed


class Parent:
    def __init__(self, module, *others):
        self.control = socket.socket(fileno=0)
        self.temporary = os.environ["TMPDIR"]
        importlib.import_module(module)
        for other in others:
            try:
                importlib.import_module(other)
            except ImportError:
                pass
        gc.collect()
        self.places, self.fixed = places_with(self.temporary)
        gc.freeze()
        self.pythonpath = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        self.path = [entry for entry in sys.path if entry and entry not in self.pythonpath]
        self.installed = self.folder_times()
        self.children = {}

    def folder_times(self):
        """The times of the folders with packages, which installing and removing packages changes."""

        def time_of(folder):
            try:
                return os.stat(folder).st_mtime_ns
            except OSError:
                return None

        return [time_of(folder) for folder in self.path]

    def obstacle(self):
        """Why a fork would not carry everything; none if it does."""
        if len(os.listdir("/proc/self/task")) != 1:
            return "the imported modules have started threads"
        if self.fixed:
            return "the imported modules keep the folder of temporary files"
        return None

    def run(self):
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.own = [self.control, wake, woken]
        with selectors.DefaultSelector() as waiting:
            self.own.append(waiting)
            waiting.register(self.control, selectors.EVENT_READ)
            waiting.register(woken, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    if key.fileobj is woken:
                        woken.recv(4096)
                        self.reap()
                        continue
                    message, descriptors, _, _ = socket.recv_fds(self.control, 1, 1)
                    if not message:
                        return
                    connection = socket.socket(fileno=descriptors[0])
                    if self.start(connection):
                        return

    def start(self, connection):
        """Forks; true in the child."""
        with connection.makefile("rb") as reader:
            line = reader.readline()
        obstacle = self.obstacle()
        # A fork would create the attempt's folder of temporary files again.
        if is_closed(connection) or not line or obstacle:
            send(connection, f"unfit {obstacle}")
            connection.close()
            return False
        if self.folder_times() != self.installed:
            send(connection, "stale packages were installed or removed")
            connection.close()
            return False
        request = json.loads(line)
        child = os.fork()
        if child:
            self.children[child] = connection
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in [*self.own, *self.children.values()]:
            other.close()
        self.become(request, connection)
        return True

    def reap(self):
        while True:
            try:
                child, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not child:
                return
            connection = self.children.pop(child, None)
            if connection:
                send(connection, f"ended {status}")
                connection.close()

    def become(self, request, connection):
        """Makes a child the process that a new interpreter with this command would be, up to its start."""
        os.setpgid(0, 0)
        environment = request["environment"]
        os.environ.clear()
        os.environ.update(environment)
        show_environment(request["mark"])
        os.chdir(request["folder"])
        for number, (path, flags) in enumerate(
            [(os.devnull, os.O_RDONLY), (request["stdout"], os.O_WRONLY), (request["stderr"], os.O_WRONLY)]
        ):
            file = os.open(path, flags)
            if file == number:
                os.set_inheritable(file, True)
            else:
                os.dup2(file, number)
                os.close(file)
        # One of the places is in this object.
        ours, temporary = self.temporary, environment["TMPDIR"]
        shutil.copytree(ours, temporary, dirs_exist_ok=True)
        for replace, thing, key, value in self.places:
            replace(thing, key, temporary + value[len(ours) :])
        tempfile.tempdir = None
        random.seed()
        arguments = request["arguments"]
        pythonpath = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
        sys.path[:] = [os.path.dirname(arguments[0]), *pythonpath, *self.path]
        sys.argv[:] = arguments
        self.connection, self.process = connection, os.getpid()
        send(connection, f"pid {self.process}")
        if connection.recv(3) != b"go\n":
            os._exit(125)


def show_environment(mark):
    """Makes /proc/<pid>/environ show the mark of the attempt, by which its processes are found."""
    with open("/proc/self/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    shown = mark.encode() + b"\0"
    if len(shown) <= end - start:
        ctypes.memset(start, 0, end - start)
        ctypes.memmove(start, shown, len(shown))


def run_program():
    """Runs the program as `__main__`, and returns its exit code."""
    path = sys.argv[0]
    module = type(sys)("__main__")
    module.__file__ = path
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec")
        exec(code, module.__dict__)
    except SystemExit as exit:
        if exit.code is None:
            return 0
        if isinstance(exit.code, int):
            return exit.code & 0xFF
        print(exit.code, file=sys.stderr)
        return 1
    except BaseException:
        kind, error, trace = sys.exc_info()
        # Without the frame of this function.
        sys.excepthook(kind, error.with_traceback(trace.tb_next), trace.tb_next)
        return 1
    return 0


def main():
    parent = Parent(*sys.argv[1:])
    parent.run()
    connection = getattr(parent, "connection", None)
    if connection is None:
        shutil.rmtree(parent.temporary, ignore_errors=True)
        return
    status = run_program()
    # As the interpreter does at its end.
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            status = status or 120
    # A process that the program forked comes here, too, if it does not call `os._exit`.
    if os.getpid() == parent.process:
        send(connection, f"ended {status << 8}")
    os._exit(status)


main()
