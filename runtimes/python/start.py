"""Runs a program as Python runs a script, and notes what it came to if it shows nothing by itself.

Started ahead of its program it waits for it, and leaves without delay; `script.py` starts it with its program. Nothing
here protects anything: the jail around this process does. What is told on descriptor 3: the path of the program and
its arguments, each followed by a NUL, once it is in its place; a newline once it may begin. What is said there: a NUL
once this is ready.
"""

import _io
import _signal
import atexit
import builtins
import gc
import os
import sys
import time
import weakref
from importlib.machinery import SourceFileLoader

LINE = 3

# Longest that is told at once, in bytes.
TOLD_MAX = 128 * 1024

# A kill(2) of a process that cannot be, above the greatest pid there is, tells the exit code: then the answer
# need not wait until the kernel has taken this process down. `jail/seccomp.rs` has the same number.
DOOR = 0x52460000

# Python's own code for output that could not be written.
UNWRITTEN = 120

# From Include/cpython/compile.h: give the syntax tree; and what `from __future__ import` leaves in a program's flags.
ONLY_AST = 0x400
FUTURE = 0x1FE0000

# Largest program whose last statement is looked at, in bytes: of a larger one that would take its time.
LOOKED_AT_MAX = 64 * 1024

# Beside the standard library, where a program finds it, too.
RESULTS = os.path.join(os.path.dirname(os.__file__), "site-packages", "ringfence.py")


def flush_c():
    """Has everything written that libraries in C have not."""
    import ctypes

    ctypes.pythonapi.fflush(None)


def practise():
    """Does what every program does: the first time takes thrice as long."""
    names = {"__builtins__": builtins}
    exec(compile("def f(x): return [y for y in x]\nprint(end=f'' + ''.join(f('')))", "", "exec"), names)
    flush()
    clear(names)
    gc.collect()
    flush_c()


def hear():
    """What is told next; without it there is nothing to live for."""
    return os.read(LINE, TOLD_MAX) or os._exit(1)


def wait_for_program():
    """Gives the program, compiled or the error, once it may begin; its module is there by then."""
    os.write(LINE, b"\0")
    sys.argv[:] = [os.fsdecode(word) for word in hear().split(b"\0")[:-1]]
    new_main(sys.argv[0])
    # Its own cost may be spent before the run's is reserved; it is compiled in the jail, and not run.
    program = compiled(sys.argv[0])
    hear()
    os.close(LINE)
    return program


def compiled(path):
    """The program but for the value of its last statement, that value, and the name it has; or what is wrong."""
    try:
        with open(path, "rb") as file:
            source = file.read()
        if len(source) > LOOKED_AT_MAX:
            return compile(source, path, "exec", dont_inherit=True), None, None
        tree = compile(source, path, "exec", ONLY_AST, dont_inherit=True)
        last, name = cut_last(tree)
        program = compile(tree, path, "exec", dont_inherit=True)
        if last is not None:
            last = compile(last, path, "eval", program.co_flags & FUTURE, dont_inherit=True)
        return program, last, name
    except BaseException as error:
        return error.with_traceback(None)


def cut_last(tree):
    """Takes the value of the last statement off a program: it, and the name of a value that may stand for it."""
    import _ast

    statement = tree.body[-1] if tree.body else None
    if isinstance(statement, _ast.Assign):
        target = statement.targets[0] if len(statement.targets) == 1 else None
        return None, target.id if isinstance(target, _ast.Name) else None
    # A text alone is what a program says of itself.
    if not isinstance(statement, _ast.Expr) or isinstance(statement.value, _ast.Constant):
        return None, None
    call = statement.value
    if isinstance(call, _ast.Call) and isinstance(call.func, _ast.Name) and call.func.id == "print":
        printed = call.args[0] if len(call.args) == 1 and not call.keywords else None
        return None, printed.id if isinstance(printed, _ast.Name) else None
    del tree.body[-1]
    return _ast.Expression(call), None


def new_main(path):
    """A module as a script finds itself in."""
    main = type(sys)("__main__")
    main.__dict__.update(
        __annotations__={},
        __builtins__=builtins,
        __cached__=None,
        __file__=path,
        __loader__=SourceFileLoader("__main__", path),
    )
    sys.modules["__main__"] = main
    sys.path[0] = os.path.dirname(path)
    sys.orig_argv[1:] = sys.argv


def told_code(error):
    """The exit code that a SystemExit asks for."""
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
    try:
        text = f"{code}\n"
    except BaseException:
        text = "\n"
    try:
        (sys.stderr or sys.__stderr__).write(text)
    except BaseException:
        # Nobody is left to be told.
        pass
    return 1


def show(error):
    """Shows what the program did not catch, and gives its exit code."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit as other:
        return told_code(other)
    except BaseException as other:
        print("Error in sys.excepthook:", file=sys.stderr)
        other.__context__ = None
        other = other.with_traceback(other.__traceback__.tb_next)
        sys.__excepthook__(type(other), other, other.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, error.__traceback__)
    return 1


def flush():
    """True if everything printed is written."""
    written = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException:
            written = False
    return written


def flush_files():
    """Has everything written that the program has not: Python does it as it takes the last of them away."""
    files = [thing for thing in gc.get_objects() if issubclass(type(thing), _io._IOBase)]
    # Those that were there before the program are not among these.
    files += [sys.__stdout__, sys.__stderr__]
    for kind in (_io.TextIOWrapper, (_io.BufferedWriter, _io.BufferedRandom)):
        for file in files:
            try:
                if issubclass(type(file), kind) and not file.closed:
                    file.flush()
            except BaseException:
                # Of a file that cannot be written Python says nothing here, either.
                pass


def clear(names):
    """Lets go of a program's names as Python does, those with one underscore first: some do work then."""
    for mine in (True, False):
        for name in [name for name in names if isinstance(name, str)]:
            if (name[0:1] == "_" and name[1:2] != "_") == mine and name != "__builtins__":
                names[name] = None


def let_go():
    """Takes the program's module away: what is only there for it does its last work, its names still there."""
    sys.last_type = sys.last_value = sys.last_traceback = None
    main = sys.modules.pop("__main__", None)
    if not isinstance(main, type(sys)):
        return
    lives = weakref.ref(main)
    del main
    gc.collect()
    if lives() is not None:
        clear(lives().__dict__)
        gc.collect()


def leave(code, signal=None, kill=os.kill, end=os._exit):
    """Everything Python does at the end that a program can notice; the end is by a signal if there is one."""
    flush()
    threading = sys.modules.get("threading")
    if threading is not None:
        try:
            threading._shutdown()
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
    atexit._run_exitfuncs()
    written = flush()
    flush_files()
    let_go()
    written = flush() and written
    flush_files()
    flush_c()
    if signal is not None:
        _signal.signal(signal, _signal.SIG_DFL)
        kill(os.getpid(), signal)
    code = code if written else UNWRITTEN
    try:
        kill(DOOR | code, 0)
    except BaseException:
        # Not alone, or nobody is asked: then the end itself has to tell.
        pass
    end(code)


def capture(value, name, names, began):
    """Notes what a program came to that ended well, if it did not show anything. It never knows."""
    try:
        if name is not None:
            # Printed or assigned is much; what is looked at by people as a table is few.
            module = type(names.get(name)).__module__.partition(".")[0]
            value = names[name] if module in ("pandas", "polars") else None
        if value is None and "matplotlib._pylab_helpers" not in sys.modules:
            return
        module = sys.modules.get("ringfence")
        noted = getattr(module, "__dict__", {})
        if "_capture" not in noted:
            noted = {"__name__": "ringfence"}
            exec(SourceFileLoader("ringfence", RESULTS).get_code("ringfence"), noted)
        noted["_capture"](value, name, began)
    except BaseException:
        # The program has ended well, whatever it left.
        pass


def execute(program):
    """Runs the program, and keeps nothing of it."""
    if isinstance(program, BaseException):
        raise program
    began, (whole, last, name) = time.time(), program
    exec(whole, sys.modules["__main__"].__dict__)
    value = None if last is None else eval(last, sys.modules["__main__"].__dict__)
    main = sys.modules.get("__main__")
    capture(value, name, getattr(main, "__dict__", {}), began)


def run(program):
    """Runs the program and leaves. Of its tracebacks only the first two entries are ours."""
    code, signal = 0, None
    try:
        execute(program)
    except SystemExit as error:
        code = told_code(error)
    except BaseException as error:
        code = show(error.with_traceback(error.__traceback__.tb_next.tb_next))
        signal = _signal.SIGINT if isinstance(error, KeyboardInterrupt) else None
    leave(code, signal)


def run_script():
    """Runs the program that this process was started with; Python itself ends it."""
    del sys.argv[0]
    # A program may have a module of this name.
    del sys.modules["start"]
    new_main(sys.argv[0])
    code, program = 0, compiled(sys.argv[0])
    try:
        execute(program)
    except SystemExit:
        raise
    except KeyboardInterrupt as error:
        leave(show(error.with_traceback(error.__traceback__.tb_next.tb_next)), _signal.SIGINT)
    except BaseException as error:
        code = show(error.with_traceback(error.__traceback__.tb_next.tb_next))
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    practise()
    gc.freeze()
    run(wait_for_program())
