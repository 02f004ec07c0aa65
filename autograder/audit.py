"""Asks of every exercise: is each mistake caught, each right answer accepted, each hole closed?

    python -m autograder audit [LAB ...] [--no-mutants]

Four things must hold. The release's stub earns nothing and the solution everything; every planted
mistake fails exactly the checks named for it, the one meant for it first; every unusual right
answer earns all points; every mutant of the solution loses points, or is listed with the reason
why it is equivalent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.answers import Answer, Verdict, grade_answer, judge, read_answers
from autograder.grade import Engine, grading_pool
from autograder.lab import ROOT, lab_names, load_lab
from autograder.mutants import Mutant, known_survivors, mutants
from autograder.rows import Row
from autograder.sandbox import Limits, Sandbox
from autograder.seeds import load_seeds

# A mutant may loop without end; a solution's call takes well below a second.
MUTANT_LIMITS = {"seconds": 5.0, "exercise_seconds": 20.0}


@dataclass
class Tally:
    """What the audit found for one exercise."""

    lab: str
    exercise: str
    max_points: float = 0.0
    stub: float = 0.0
    solution: float = 0.0
    verdicts: list[Verdict] = field(default_factory=list)
    mutants: int = 0
    survivors: list[str] = field(default_factory=list)  # the changes that earned every point
    reasons: dict[str, str] = field(default_factory=dict)  # change: why it is equivalent

    def count(self, *, right: bool, slipped: bool | None = None) -> int:
        """Return how many answers of a kind there are, or of these how many (never) slipped."""
        kind = [v for v in self.verdicts if v.answer.right == right]
        return len([v for v in kind if slipped is None or bool(v.slip) == slipped])

    @property
    def own_messages(self) -> int:
        """The mistakes whose first message no other mistake of the exercise gets."""
        said = Counter(v.message for v in self.verdicts if not v.answer.right)
        return sum(count == 1 for count in said.values())

    @property
    def problems(self) -> list[str]:
        """What slipped, one line each."""
        found = [f"{v.answer.title}: {v.slip}" for v in self.verdicts if v.slip]
        if self.stub:
            found.append(f"the release's stub earns {self.stub:g} points")
        if self.solution != self.max_points:
            found.append(f"the solution earns {self.solution:g} of {self.max_points:g} points")
        for kind, most in (("mistakes", 6), ("unusual right answers", 3)):
            count = self.count(right=kind != "mistakes")
            if count < most:
                found.append(f"only {count} {kind}; expected at least {most}")
        found += [f"survives: {c}" for c in self.survivors if c not in self.reasons]
        if self.mutants:
            gone = set(self.reasons) - set(self.survivors)
            found += [f"listed as a survivor, and is none: {change}" for change in sorted(gone)]
        return [f"{self.lab} {self.exercise}: {problem}" for problem in found]


def audit(
    labs: Iterable[str] = (),
    *,
    with_mutants: bool = True,
    workers: int = 1,
    seeds: dict[str, int] | None = None,
    watch: Callable[[Iterable, int], Iterable] = lambda tasks, total: tasks,
) -> list[Tally]:
    """Return one tally an exercise, in the labs' order.

    Args:
        labs: all labs when empty; ValueError for one that does not exist.
        with_mutants: also grade every mutant of the solutions.
        workers: processes that compare and score.
        seeds: of the hidden inputs; the kept ones by default.
        watch: shows progress; takes the finished tasks and their number.
    """
    names = list(labs) or lab_names()
    tallies = {
        (lab, e.name): Tally(lab, e.name, e.points, reasons=known_survivors(lab).get(e.name, {}))
        for lab in names
        for e in load_lab(lab).exercises
    }
    tasks = list(_tasks(names, with_mutants))
    with Sandbox() as sandbox, grading_pool(workers) as pool:
        engine = Engine(sandbox.address, sandbox.limits, sandbox.isolation, seeds or load_seeds())
        sandbox.wait_until_warm()
        running = {pool.submit(_run, engine, task): task for task in tasks}
        for done in watch(as_completed(running), len(tasks)):
            _note(tallies, running[done], done.result())
    for tally in tallies.values():
        tally.verdicts.sort(key=lambda verdict: (verdict.answer.right, verdict.answer.title))
        tally.survivors.sort()
    return list(tallies.values())


Task = tuple[str, str] | Answer | Mutant  # a file of a lab is ("stub" or "solution", lab)


def _tasks(labs: list[str], with_mutants: bool) -> Iterator[Task]:
    for lab in labs:
        yield from (("stub", lab), ("solution", lab))
        yield from read_answers(lab)
        if with_mutants:
            for exercise in load_lab(lab).exercises:
                yield from mutants(lab, exercise)


def _run(engine: Engine, task: Task) -> Any:
    """Grade one task in a worker; return a Row, a Verdict, or whether a mutant survived."""
    if isinstance(task, Answer):
        return judge(task, grade_answer(engine, task))
    if isinstance(task, Mutant):
        answer = Answer(task.lab, task.exercise, task.change, task.source)
        limits: Limits = replace(engine.limits, **MUTANT_LIMITS)
        row = grade_answer(replace(engine, limits=limits), answer)
        return row.points == row.max_points
    kind, lab = task
    release = ROOT / "notebooks" / lab / f"{lab}.ipynb"
    return engine.grade_file(release if kind == "stub" else ROOT / "solutions" / f"{lab}.py")


def _note(tallies: dict[tuple[str, str], Tally], task: Task, found: Any) -> None:
    if isinstance(task, Answer):
        tallies[task.lab, task.exercise].verdicts.append(found)
    elif isinstance(task, Mutant):
        tally = tallies[task.lab, task.exercise]
        tally.mutants += 1
        tally.survivors += [task.change] if found else []
    else:
        kind, lab = task
        for exercise in _graded(found).exercises:
            setattr(tallies[lab, exercise.exercise], kind, exercise.points)


def _graded(row: Row) -> Row:
    if row.status != "graded":
        raise RuntimeError(f"{row.submission} cannot be graded: {row.reason}")
    return row


def table(tallies: list[Tally]) -> str:
    """Return the audit as text: a line an exercise, the sums, the survivors, what slipped."""
    head = f"{'lab and exercise':44}{'mistakes':>10}{'own words':>11}{'unusual':>9}"
    lines = [f"{head}{'mutants':>10}{'stub':>6}{'solution':>10}"]
    lines += [_line(f"{t.lab[:2]} {t.exercise}", [t]) for t in tallies]
    lines.append(_line("all", tallies))
    own, mistakes = sum(t.own_messages for t in tallies), sum(t.count(right=False) for t in tallies)
    lines += ["", f"{own} of {mistakes} planted mistakes get a first message of their own."]
    listed = [
        f"  {t.lab[:2]} {t.exercise}, {change}: {t.reasons[change]}"
        for t in tallies
        for change in t.survivors
        if change in t.reasons
    ]
    lines += ["", f"{len(listed)} mutants are equivalent to the solution:", *listed] * bool(listed)
    problems = [problem for t in tallies for problem in t.problems]
    lines += ["", f"{len(problems)} problems:" if problems else "Nothing slips.", *problems]
    return "\n".join(lines)


def _line(name: str, tallies: Iterable[Tally]) -> str:
    tallies = list(tallies)

    def total(count: Callable[[Tally], float]) -> float:
        return sum(map(count, tallies))

    mistakes = total(lambda t: t.count(right=False))
    caught = total(lambda t: t.count(right=False, slipped=False))
    unusual = total(lambda t: t.count(right=True))
    accepted = total(lambda t: t.count(right=True, slipped=False))
    made, left = total(lambda t: t.mutants), total(lambda t: len(t.survivors))
    own = f"{100 * total(lambda t: t.own_messages) / mistakes:.0f} %" if mistakes else "-"
    points = f"{total(lambda t: t.solution):g}/{total(lambda t: t.max_points):g}"
    return (
        f"{name:44}{f'{caught}/{mistakes}':>10}{own:>11}{f'{accepted}/{unusual}':>9}"
        f"{f'{made - left}/{made}':>10}{total(lambda t: t.stub):>6g}{points:>10}"
    )
