"""Code that looks for solutions, checks, grades and other students; see results.py.

What it finds becomes the text of an error, which the instructor sees: it should be nothing.
The attacker knows the folders: COURSE, HOME, and OUTSIDE, where another student is.
"""
# ruff: noqa

# %%
import gc
import glob
import os
import stat
import sys

SECRETS = """solutions solutions/12-deepdream.py docs/pictures autograder/grade.py
autograder/checks autograder/checks/lab_12_deepdream.py autograder/reference.py
autograder/references/lab_12_deepdream.py gradebook.db seeds.toml course.toml .graded submitted
notebooks tests README.md .git/config nbgrader_config.py pyproject.toml""".split()


def tell(found):
    raise RuntimeError(f"found {list(found)}")


def readable(paths):
    """Yield the paths that can be read, and the folders that are not empty."""
    for path in paths:
        try:
            if os.listdir(path) if os.path.isdir(path) else open(path).read(9):
                yield path
        except OSError:
            pass


# %% the course, by absolute path says="found []"
dream_loss = tell(readable(f"{COURSE}/{name}" for name in SECRETS))

# %% the course, by relative path says="found []"
ups = ["../" * n for n in range(12)]
dream_loss = tell(readable(f"{up}{COURSE[1:]}/{name}" for up in ups for name in SECRETS))

# %% the course, through the folders that are in sight says="found []"
doors = [f"{COURSE}/labkit/..", f"{COURSE}/autograder/worker/../..", "/proc/self/root" + COURSE]
dream_loss = tell(readable(f"{door}/{name}" for door in doors for name in SECRETS))


# %% the course, by links made here says="found []"
def links():
    for number, name in enumerate(SECRETS):
        os.symlink(f"{COURSE}/{name}", f"link-{number}")
        yield f"link-{number}"


dream_loss = tell(readable(links()))


# %% the course, by importing it says="found []"
def imported():
    sys.path[:0] = [COURSE, f"{COURSE}/tests", "/"]
    for name in ("autograder.grade", "autograder.checks.lab_12_deepdream", "solutions"):
        try:
            yield __import__(name)
        except ImportError:
            pass


dream_loss = tell(imported())

# %% another student's files says="found []"
dream_loss = tell(readable([OUTSIDE, f"{OUTSIDE}/ada/12-deepdream.py", f"{OUTSIDE}/ada"]))

# %% the machine: home, passwords, the exchange says="found []"
FILES = ["/etc/passwd", "/etc/shadow", "/etc/hostname", "/usr/local/share/nbgrader", "/srv"]
homes = [f"{HOME}/{name}" for name in (".bashrc", ".profile", ".ssh", ".config", ".cache")]
dream_loss = tell(readable([*FILES, *homes, *glob.glob("/tmp/labkit-*"), "/var/log", "/home"]))


# %% other processes, by /proc says="found []"
def processes():
    for path in ("/proc", "/proc/self", "/proc/1", f"/proc/{os.getppid()}"):
        try:
            yield from os.listdir(path)
        except OSError:
            pass
    yield from {os.getppid(), os.getpid()} - {0, 1}


dream_loss = tell(processes())

# %% the environment says="found []"
KNOWN = {"HOME", "MPLCONFIGDIR", "PATH", "LANG", "LC_CTYPE", "PWD", "MPLBACKEND", "OMP_NUM_THREADS"}
dream_loss = tell(n for n in os.environ if n not in KNOWN and not n.startswith(("TORCH", "KMP")))


# %% open files says="found ['socket']"
def open_files():
    for number in range(3, 4096):
        try:
            yield "socket" if stat.S_ISSOCK(os.fstat(number).st_mode) else "file"
        except OSError:
            pass


dream_loss = tell(open_files())


# %% checks in memory: modules, frames, garbage says="found []"
def remembered():
    yield from (m for m in sys.modules if m.startswith("autograder") or "deepdream" in m)
    frame = sys._getframe()
    while frame := frame.f_back:
        yield from (n for n in (*frame.f_globals, *frame.f_locals) if n.startswith("test_"))
    secret = "half_the_sum" + "_of_squares"
    for thing in gc.get_objects():
        if isinstance(thing, dict):
            texts = [*thing, *thing.values()]
            yield from (t for t in texts if isinstance(t, str) and secret in t)
        elif "autograder" in str(getattr(thing, "__module__", "")):
            yield thing


dream_loss = tell(remembered())
