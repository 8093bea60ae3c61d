"""The processes that multiprocessing starts: what ends them.

It catches what a process's function raises, prints it, and exits with 1; no hook
is asked. So a process's `run` gets a function of ours around it, in that process
alone, which looks at the exception on its way out and leaves its traceback as it
was. Before Python 3.11 that cannot be done, and is not.
"""

import sys


def install(module):
    """Look into the processes that multiprocessing.process starts from now on."""
    if sys.version_info < (3, 11):
        return
    base = module.BaseProcess
    original = base._bootstrap

    def _bootstrap(self, *args, **kwargs):
        try:
            _surround(self)
        except Exception:
            pass
        return original(self, *args, **kwargs)

    base._bootstrap = _bootstrap


def _surround(process):
    run = process.run

    def watched():
        try:
            return run()
        except BaseException as failure:
            try:
                _note(failure)
            except BaseException:
                pass
            # A bare raise leaves the traceback as it is set here: without us.
            failure.__traceback__ = failure.__traceback__.tb_next
            raise
        finally:
            process.__dict__.pop("run", None)
            loop = sys.modules.get("_trainwatch.loop")
            if loop is not None:
                loop.LOOP.ended()  # many such processes end without exit handlers

    process.__dict__["run"] = watched


def _note(failure):
    from . import crash

    trace = BaseException.__dict__["__traceback__"].__get__(failure).tb_next  # without us
    if type(failure) is SystemExit:
        # A wrapper around the function, torch's for one, has caught what it
        # raised, passed it on, and now ends the process.
        code = SystemExit.__dict__["code"].__get__(failure)
        failure = BaseException.__dict__["__context__"].__get__(failure)
        if failure is None or type(code) is not int or code == 0:
            return
        trace = BaseException.__dict__["__traceback__"].__get__(failure)
    crash.record(type(failure), failure, trace)
