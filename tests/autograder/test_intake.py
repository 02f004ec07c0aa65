"""What students hand in: every honest form is taken in, and what is none costs its student alone.

The attacks are in tests/autograder/attacks/archives.py.
"""

import gzip
import logging
import os
import resource
import subprocess
import tarfile
import zipfile

import pytest
from nbgrader.coursedir import CourseDirectory

from autograder import intake
from autograder.gradebook import SubmissionExporter
from autograder.submission import UnreadableSubmission

LAB = "06-saliency"
NAME = f"{LAB}.ipynb"


@pytest.fixture
def downloads(tmp_path):
    """An empty downloaded/LAB/archive."""
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def taken_in(downloads):
    """Return {path: text} of what comes out, and what was said."""
    said = []
    extracted = downloads.parent / "extracted"
    intake.take_in(downloads, extracted, LAB, said.append)
    paths = sorted(p for p in extracted.rglob("*") if p.is_file())
    return {str(p.relative_to(extracted)): p.read_text() for p in paths}, said


def test_every_honest_form_is_taken_in(downloads):
    zipped(downloads / "ada.zip", **{NAME: "ada"})
    zipped(downloads / "bob_1_2.zip", **{f"{LAB}/{NAME}": "bob", "my-photos/dog.jpg": "x"})
    zipped(downloads / "cy.zip", **{NAME: "cy", f"__MACOSX/._{NAME}": "x", f".x/{NAME}": "x"})
    zipped(downloads / "dee.ZIP", **{"saliency, final.ipynb": "dee"})
    (downloads / "eve").mkdir()
    (downloads / "eve" / NAME).write_text("eve")
    (downloads / f"fay_{NAME}").write_text("fay")
    with tarfile.open(downloads / "gus.tar.gz", "w:gz") as archive:
        archive.add(downloads / "eve" / NAME, f"home/gus/{NAME}")
    zipped(downloads / "ida.zip", **{"06-SALIENCY.IPYNB": "ida"})
    (downloads / f"jo_{LAB} (1).IPYNB").write_text("jo")
    zipped(downloads / "hal.zip", **{NAME: "hal", "05-occlusion.ipynb": "another lab"})
    found, said = taken_in(downloads)
    assert said == []
    assert found == {
        f"ada/{NAME}": "ada",
        f"bob_1_2/{NAME}": "bob",
        f"cy/{NAME}": "cy",
        f"dee/{NAME}": "dee",
        f"eve/{NAME}": "eve",
        f"fay_{NAME}": "fay",
        f"gus/{NAME}": "eve",
        f"hal/{NAME}": "hal",
        f"ida/{NAME}": "ida",
        f"jo_{LAB} (1).ipynb": "jo",
    }


def test_what_is_left_out_says_why_and_stops_nobody(downloads):
    zipped(downloads / "ada.zip", **{NAME: "1", f"old/{NAME}": "2"})
    (downloads / "bob.zip").write_bytes(b"PK")
    (downloads / "cy.zip").write_bytes(gzip.compress(b"x"))
    zipped(downloads / "zoe.zip", **{NAME: "zoe"})
    found, said = taken_in(downloads)
    assert found == {f"zoe/{NAME}": "zoe"}
    assert said[0] == (
        f"ada.zip is left out: expected one notebook of {LAB} in it, found {NAME}, old/{NAME}"
    )
    assert [text.partition(":")[0] for text in said[1:]] == [
        "bob.zip is left out",
        "cy.zip is left out",
    ]


def test_a_loose_notebook_without_a_students_name_is_left_out(downloads):
    """The folder around it is no student's; its name would be."""
    (downloads / NAME).write_text("whose?")
    found, said = taken_in(downloads)
    assert found == {}
    assert said == [f"{NAME} is left out: expected a name that begins with the student's"]


def test_a_sparse_file_that_is_larger_than_its_archive_is_left_out_unread(downloads):
    """143 bytes unpack to 800 MB; many such members add up."""
    for student, size in (("ada", 800 << 20), ("bob", intake.LARGEST_FILE // 2)):
        files = {}
        for name in (NAME, f"old/{NAME}", f"older/{NAME}"):
            path = downloads.parent / student / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.truncate(path, size)
            files[name] = path
        folder = downloads.parent / student
        command = ["tar", "--sparse", "-czf", downloads / f"{student}.tar.gz", "-C", folder, "."]
        subprocess.run(command, check=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, said = taken_in(downloads)
    assert found == {}
    assert [("larger than" in text) for text in said] == [True, True]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # KiB
    assert grown << 10 < 3 * intake.LARGEST_FILE


def test_a_second_submission_of_a_student_is_left_out_and_stops_nobody(caplog):
    """nbgrader ends the whole command there."""
    collector = intake.Collector()
    collector.log = logging.getLogger("collector")
    first, second = (collector.collect(f"/extracted/{name}{NAME}") for name in ("ada/", "ada_"))
    assert (first["student_id"], first["file_id"]) == ("ada", LAB)
    assert second is None
    assert "two of ada for 06-saliency: /extracted/ada/06-saliency.ipynb, /extr" in caplog.text
    assert collector.collect(f"/extracted/bob/{NAME}")["student_id"] == "bob"
    assert collector.collect("/extracted/bob/notes.txt") is None


@pytest.mark.parametrize(
    ("name", "student"),
    [
        (f"max_{NAME}", "max"),
        (f"max_muster_{NAME}", "max_muster"),
        (f"o_brien/{NAME}", "o_brien"),
        (f"a_b_c_/{NAME}", "a_b_c_"),
        (f"123/{NAME}", "123"),
        (f"bob_1_2/{NAME}", "bob"),
        (f"s_1001/{NAME}", "s_1001"),
        (f"s_1001_{NAME}", "s_1001"),
        (f"s_1001_12_34_{NAME}", "s_1001"),
        (f"ada_{LAB}/{NAME}", "ada"),
        (f"ada_123_4567_{LAB}-1.ipynb", "ada"),
        (f"ada_LATE_123_4567_{NAME}", "ada"),
        (f"ada_{LAB} (1).ipynb", "ada"),
        (f"ada_{LAB}-Copy1.ipynb", "ada"),
        (f"Ada L_123_assignsubmission_file_/{NAME}", "Ada L"),
        (f"Ada L_123_assignsubmission_file/{NAME}", "Ada L"),
        (f"Ada L_123_assignsubmission_file_{NAME}", "Ada L"),
    ],
)
def test_a_name_is_its_students_to_the_last_letter(name, student):
    """Cut at the first underscore, eva_lang's points would be eva's, or nobody's."""
    about = intake.Collector().collect(f"/srv/extracted/06/extracted/{name}")
    assert (about["student_id"], about["file_id"]) == (student, LAB)


def test_two_students_of_one_name_are_left_out_and_two_files_of_one_are_not(downloads):
    """Moodle and Canvas tell them apart by a number alone."""
    for name in ("Max M_7_assignsubmission_file", "Max M_8_assignsubmission_file"):
        (downloads / name).mkdir()
        (downloads / name / NAME).write_text("max")
    for name in (f"ada_5_60_{NAME}", f"ada_5_61_{LAB}-1.ipynb"):
        (downloads / name).write_text("ada")
    found, said = taken_in(downloads)
    assert list(found) == [f"ada_5_60_{NAME}", f"ada_5_61_{LAB}-1.ipynb"]
    assert said == [
        f"Max M_{number}_assignsubmission_file is left out: 2 students are called Max M (numbers: "
        "7, 8); name each file after its student's login or number"
        for number in (7, 8)
    ]


# The exchange, and autograde


@pytest.fixture
def handed_in(tmp_path):
    """A folder in the exchange: a notebook, a link to a secret, a pipe."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "solutions.py").write_text("secret")
    folder = tmp_path / "eve"
    folder.mkdir()
    (folder / NAME).write_text("eve")
    os.symlink(tmp_path / "secret" / "solutions.py", folder / "notes.py")
    os.symlink(tmp_path / "secret", folder / "more")
    os.mkfifo(folder / "pipe")
    return folder


def test_collecting_copies_no_link_and_stops_at_no_pipe(handed_in, tmp_path):
    """nbgrader reads links with the instructor's rights: the student gets the text back."""
    collect = intake.Collect(coursedir=CourseDirectory(assignment_id=LAB))
    collect.do_copy(str(handed_in), str(tmp_path / "submitted"))
    assert [p.name for p in (tmp_path / "submitted").iterdir()] == [NAME]


@pytest.mark.parametrize("name", [f"{LAB} (1).ipynb", "My Notebook.IPYNB"])
def test_the_one_notebook_is_collected_under_the_name_that_autograde_knows(name, tmp_path, caplog):
    """A browser's second download had every point from grade, and none in the gradebook."""
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / name).write_text("ada")
    collect = intake.Collect(coursedir=CourseDirectory(assignment_id=LAB))
    collect.log = logging.getLogger("collect")
    collect.do_copy(str(tmp_path / "ada"), str(tmp_path / "submitted"))
    assert (tmp_path / "submitted" / NAME).read_text() == "ada"
    assert f"submitted: {name} is now called {NAME}" in caplog.text


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([NAME, "notes.ipynb"], ""),
        (["a.ipynb", "b.ipynb"], f"expected {NAME}, found a.ipynb, b.ipynb: it cannot be graded"),
        (["a.pdf"], f"expected {NAME}, found no notebook: it cannot be graded"),
    ],
)
def test_no_other_notebook_is_renamed(names, said, tmp_path):
    for name in names:
        (tmp_path / name).touch()
    assert intake.name_as_released(tmp_path, LAB) == said
    assert sorted(p.name for p in tmp_path.iterdir()) == names


def test_what_cannot_be_collected_stops_nobody(handed_in, tmp_path, caplog):
    collect = intake.Collect(coursedir=CourseDirectory(max_dir_size=0))
    collect.log = logging.getLogger("collect")
    collect.do_copy(str(handed_in), str(tmp_path / "submitted"))
    assert not (tmp_path / "submitted").exists()
    assert "eve was not collected: Directory size is too big" in caplog.text


def test_links_are_removed_before_autograde_copies_what_they_lead_to(handed_in):
    intake.drop_links(LAB, "*", [str(handed_in / NAME)])
    assert sorted(p.name for p in handed_in.iterdir()) == [NAME, "pipe"]
    assert (handed_in.parent / "secret" / "solutions.py").exists()


def test_autograde_refuses_a_notebook_that_is_a_link(handed_in, tmp_path):
    link, folder = tmp_path / NAME, tmp_path / "mallory"
    link.symlink_to(handed_in / NAME)
    folder.symlink_to(handed_in)
    for path in (link, folder / NAME):
        with pytest.raises(UnreadableSubmission, match="symbolic link"):
            SubmissionExporter().from_filename(str(path))
