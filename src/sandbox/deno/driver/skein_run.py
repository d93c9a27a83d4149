"""Runs a program inside Pyodide as python would: argv, environment, exit code, traceback, last value.

Imported before the memory snapshot is taken, so it may hold no reference to anything of JavaScript.
"""

import ast
import importlib
import json
import linecache
import os
import random
import sys
import time
import traceback
import types

from pyodide.code import CodeRunner

FILE = "main.py"
MAX_VALUE = 1024 * 1024
_real_sleep = time.sleep
_real_urandom = os.urandom
# A program may replace those of the module.
_dumps = json.dumps
_loads = json.loads


class ToolError(Exception):
    """A tool of the host refused or failed."""


def _tools(call):
    module = types.ModuleType("tools", "The tools of the host.")

    def call_tool(name, args=None):
        """Calls a tool: plain JSON in, plain JSON out."""
        answer = _loads(call(str(name), _dumps(args)))
        if "error" in answer:
            raise ToolError(answer["error"])
        return answer.get("value")

    async def call_tool_async(name, args=None):
        """The same, to be awaited."""
        return call_tool(name, args)

    def search(query):
        """The tools that fit the query."""
        return call_tool("tools.search", {"query": str(query)})

    module.call = call_tool
    module.call_async = call_tool_async
    module.search = search
    module.ToolError = ToolError
    return module


def _main(source, keep):
    main = sys.modules.get("__main__")
    if not keep or getattr(main, "__file__", None) != FILE:
        main = types.ModuleType("__main__")
        main.__file__ = FILE
        main.__builtins__ = __builtins__
        sys.modules["__main__"] = main
    linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)
    return main


def _reseed(deterministic):
    # Every process that starts from one snapshot has the same generator.
    random.seed(None if deterministic is None else deterministic["seed"])
    # The clock stands still, and sleeping waits for it.
    time.sleep = _real_sleep if deterministic is None else (lambda seconds: None)
    urandom = _real_urandom
    if deterministic is not None:
        urandom = random.Random(f"urandom {deterministic['seed']}").randbytes
    os.urandom = random._urandom = urandom


def _value(value):
    if value is None:
        return None
    try:
        text = _dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if len(text) <= MAX_VALUE else None


def _print_error(error):
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def _exit_code(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


async def run(order_text, folder, call):
    """Runs it; answers with the end of the run as JSON."""
    order = _loads(order_text)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = [FILE, *order["args"]]
    if not sys.path or sys.path[0] != folder:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    _reseed(order["deterministic"])
    if call is None:
        if hasattr(sys.modules.get("tools"), "ToolError"):
            del sys.modules["tools"]
    else:
        sys.modules["tools"] = _tools(call)
    main = _main(order["source"], order["isSession"])
    code, value, memory = 0, None, False
    try:
        runner = CodeRunner(
            order["source"], filename=FILE, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        ).compile()
        value = _value(await runner.run_async(main.__dict__))
    except SystemExit as end:
        code = _exit_code(end.code)
    except MemoryError as error:
        code, memory = 1, True
        _print_error(error)
    except BaseException as error:
        code = 1
        _print_error(error)
    _flush()
    return _dumps({"exitCode": code, "value": value, "isMemory": memory})
