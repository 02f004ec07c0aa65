"""Archives as `nbgrader zip_collect` gets them: mallory.zip, mallory.tar.gz, mallory's folder.

These cells run in the test itself. Each makes what mallory hands in, in `folder`, where ada's
notebook lies; `notebook` is the text of an honest one.
"""
# ruff: noqa

# %%
import gzip
import io
import os
import tarfile
import zipfile

NAME = "12-deepdream.ipynb"


def zipped(**files):
    with zipfile.ZipFile(folder / "mallory.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


# %% names that lead out of the folder (zip slip) says="expected one notebook"
zipped(**{"../was-here": "x", "../../was-here": "x", f"{folder.parent}/was-here": "x"})

# %% a notebook whose name leads to another student's place says="expected one notebook"
zipped(**{f"../ada/{NAME}": notebook})

# %% a folder with another student's name
zipped(**{f"ada/{NAME}": notebook})

# %% several notebooks, with other students' names says="expected one notebook"
zipped(**{f"ada/{NAME}": notebook, f"bob/{NAME}": notebook, f"ada_{NAME}": notebook})

# %% a folder that is not packed, with another student's name in it
(folder / "mallory" / "ada").mkdir(parents=True)
(folder / "mallory" / "ada" / NAME).write_text(notebook)

# %% a bomb: 100 kB that unpack to 100 MB says="at most 50 MB"
zipped(**{NAME: bytes(100 << 20)})

# %% a bomb: ten archives in ten archives, each full says="expected one notebook"
inner = bytes(10 << 20)
for _ in range(3):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.zip", inner)
    inner = file.getvalue()
(folder / "mallory.zip").write_bytes(inner)

# %% a bomb: a tar that unpacks to 100 MB says="unpacks to more than 50 MB"
with gzip.open(folder / "mallory.tar.gz", "wb") as file:
    file.write(bytes(100 << 20))

# %% a bomb: a sparse file, 150 bytes that unpack to 800 MB says="larger than 50 MB"
import subprocess

(folder.parent / NAME).touch()
os.truncate(folder.parent / NAME, 800 << 20)
packed = folder / "mallory.tar.gz"
subprocess.run(["tar", "--sparse", "-czf", packed, "-C", folder.parent, NAME], check=True)
(folder.parent / NAME).unlink()

# %% links and devices in a tar says="expected one notebook"
with tarfile.open(folder / "mallory.tar.gz", "w:gz") as archive:
    for name, kind in (
        (NAME, tarfile.SYMTYPE),
        (f"a/{NAME}", tarfile.LNKTYPE),
        ("b", tarfile.CHRTYPE),
    ):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, f"../ada_{NAME}"
        archive.addfile(member)

# %% a link in a zip, whose text is a path says="expected a Jupyter notebook"
link = zipfile.ZipInfo(NAME)
link.external_attr = 0o120777 << 16
with zipfile.ZipFile(folder / "mallory.zip", "w") as archive:
    archive.writestr(link, str(folder / f"ada_{NAME}"))

# %% a link that is called an archive says="symbolic link"
os.symlink(folder / f"ada_{NAME}", folder / "mallory.zip")

# %% a folder that is a link says="symbolic link|found no file"
os.symlink(folder.parent, folder / "mallory")

# %% an archive that is none says="expected one of .zip"
(folder / "mallory.zip").write_bytes(b"PK\x03\x04 not a zip")

# %% an archive that is locked says="cannot be unpacked"
zipped(**{NAME: notebook})
data = bytearray((folder / "mallory.zip").read_bytes())
data[6] |= 1
data[data.rindex(b"PK\x01\x02") + 8] |= 1
(folder / "mallory.zip").write_bytes(data)

# %% an archive of 200 MB says="expected at most 50 MB"
with (folder / "mallory.zip").open("wb") as file:
    file.truncate(200 << 20)

# %% a pipe says="found no file"
os.mkfifo(folder / "mallory.zip")

# %% a name that is a lab's, so that nobody's says="begins with the student's"
zipped(**{NAME: notebook})
os.rename(folder / "mallory.zip", folder / "12-deepdream.zip")
