"""How trainwatch gets into a Python program that it runs.

Python imports this at its start, because `trainwatch run` put our directory in
front of PYTHONPATH. It takes that directory off again, runs the sitecustomize
that would have run without us, and leaves three things behind: a finder, so
that `import trainwatch` works, an exception hook, and a look-out for the
frameworks of which we know. Nothing else of ours is read before the program
imports one of them, reports a step, or dies.

This file is read by every Python there is: it has to parse on all of them, and
before 3.8 it only steps aside.
"""

import os
import sys

_here = os.path.dirname(__file__)


def _step_aside():
    """Undo our presence. Old Pythons empty a module nobody holds: hold it."""
    sys.path[:] = [entry for entry in sys.path if entry != _here]
    sys.path_importer_cache.pop(_here, None)
    return sys.modules.pop(__name__)


def _wanted():
    if sys.version_info < (3, 8):
        return False
    if os.environ.get("TRAINWATCH_INJECT", "").strip().lower() in ("0", "false", "no", "off"):
        return False
    # One trainwatch inside another: the inner one, whose path came first, ran
    # us as the next sitecustomize. One of us is enough.
    return not any(getattr(finder, "trainwatch", False) for finder in sys.meta_path)


class _Finder:
    """Finds our two modules, last of all: anybody's own trainwatch goes first."""

    trainwatch = True
    places = {"trainwatch": ("trainwatch.py", False), "_trainwatch": ("_trainwatch", True)}

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in cls.places:
            return None
        # Always loaded, under this name: no import that the program's own
        # files could answer.
        locate = sys.modules["_frozen_importlib_external"].spec_from_file_location
        file, package = cls.places[name]
        place = os.path.join(_here, file)
        if package:
            return locate(
                name, os.path.join(place, "__init__.py"), submodule_search_locations=[place]
            )
        return locate(name, place)


class _Lookout:
    """Notices when the program has imported a module that we know.

    First of all finders, and finds nothing itself: for those few modules it
    asks the others, and makes of the spec that they found one of a class that
    notices the end of its own import. No loader is replaced, and no function of
    ours is on the stack while the module runs: tracebacks stay as they are.
    """

    names = frozenset(
        (
            "threading",
            "multiprocessing.process",
            "torch.optim.optimizer",
            "torch.compiler",
            "torch.utils.data.dataloader",
            "torch._dynamo.callback",
            "transformers.trainer",
            "lightning.pytorch.trainer.connectors.callback_connector",
            "pytorch_lightning.trainer.connectors.callback_connector",
            "keras.src.callbacks.callback_list",
        )
    )

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in cls.names:
            return None
        for finder in sys.meta_path:
            find = None if finder is cls else getattr(finder, "find_spec", None)
            spec = None if find is None else find(name, path, target)
            if spec is not None:
                if type(spec) is _ModuleSpec and name not in sys.modules:
                    spec.__class__ = _Noticed
                return spec
        return None


_ModuleSpec = type(__spec__) if "__spec__" in globals() else object  # on old Pythons


class _Noticed(_ModuleSpec):
    """A spec that tells when its module has been read to the end."""

    @property
    def _initializing(self):
        if "_initializing" not in self.__dict__:
            raise AttributeError("'ModuleSpec' object has no attribute '_initializing'")
        return self.__dict__["_initializing"]

    @_initializing.setter
    def _initializing(self, value):
        self.__dict__["_initializing"] = value
        if value:
            return
        self.__class__ = _ModuleSpec
        try:
            if self.name == "threading":
                _watch_threads(sys.modules[self.name])
                return
            from _trainwatch import frameworks

            frameworks.loaded(self.name)
        except Exception:
            pass


def _watch_exceptions():
    previous = sys.excepthook

    def excepthook(kind, value, trace):
        try:
            from _trainwatch import crash

            crash.record(kind, value, trace)
        except BaseException:
            pass  # whatever it is, the program's own end comes first
        try:
            return previous(kind, value, trace)
        except BaseException as failure:
            failure.__traceback__ = failure.__traceback__.tb_next
            raise

    # Libraries ask whether the hook is still Python's own before they put in
    # theirs, or print in another way where it is not: the answer has to stay.
    if previous is sys.__excepthook__:
        sys.__excepthook__ = excepthook
    sys.excepthook = excepthook


def _watch_threads(threading):
    """Note what ends a thread: the program goes on, but may not for long."""
    previous = threading.excepthook

    def excepthook(args):
        try:
            from _trainwatch import crash

            crash.aside(args.exc_type, args.exc_value, args.exc_traceback)
        except BaseException:
            pass
        return previous(args)

    if getattr(threading, "__excepthook__", None) is previous:
        threading.__excepthook__ = excepthook
    threading.excepthook = excepthook


def _watch_end():
    """See to it that an exception is noticed for which the program has a hook of
    its own: before it calls any, the interpreter leaves it in `sys`."""
    import atexit  # built in

    def at_end():
        try:
            value = getattr(sys, "last_value", None)
            if value is not None:
                from _trainwatch import crash

                crash.left(value, getattr(sys, "last_traceback", None))
        except BaseException:
            pass

    atexit.register(at_end)


def _watch_unraisable():
    """Note what is raised where nobody can catch it: in a callback or a __del__."""
    previous = sys.unraisablehook

    def unraisablehook(unraisable):
        try:
            from _trainwatch import crash

            crash.aside(unraisable.exc_type, unraisable.exc_value, unraisable.exc_traceback)
        except BaseException:
            pass
        return previous(unraisable)

    if previous is sys.__unraisablehook__:
        sys.__unraisablehook__ = unraisablehook
    sys.unraisablehook = unraisablehook


def _keep_compiled(code):
    """Keep our bytecode even where Python is told to write none.

    Our directory is the run's own and goes with it; to compile this file anew
    in each of a program's processes would cost more than all it does.
    """
    external = sys.modules["_frozen_importlib_external"]
    if not sys.dont_write_bytecode or sys.pycache_prefix:
        return
    cached = external.cache_from_source(__file__)
    if not os.path.exists(cached):
        source = os.stat(__file__)
        data = external._code_to_timestamp_pyc(code, source.st_mtime, source.st_size)
        __spec__.loader._cache_bytecode(__file__, cached, data)


_us = _step_aside()
try:
    # Where there is none, this fails as it would have failed without us, and
    # site.py takes it as it would have taken it.
    import sitecustomize  # noqa: F401
except BaseException as _failure:
    # From 3.11 on, a bare raise leaves the traceback as it is set here: the
    # one that is printed does not have us in it.
    if sys.version_info >= (3, 11):
        _failure.__traceback__ = _failure.__traceback__.tb_next
    raise
finally:
    try:
        if _wanted():
            sys.meta_path.append(_Finder)
            # Without it nobody watches: another rank, or a machine without the
            # means. The program may import trainwatch all the same.
            if os.environ.get("TRAINWATCH_PAGE_DIR"):
                sys.meta_path.insert(0, _Lookout)
                _watch_exceptions()
                _watch_unraisable()
                _watch_end()
                if "threading" in sys.modules:  # a .pth file of the machine's wanted it
                    _watch_threads(sys.modules["threading"])
            _keep_compiled(sys._getframe().f_code)
    except Exception:
        pass
