"""The student's process finds its connection to the grader and writes what it likes.

The first cell is what every forger knows; see results.py for the rest.
"""
# ruff: noqa

# %%
import gc
import json
import os
import socket
import stat
import struct
import sys
import time

import safetensors.torch
import torch


def connection():
    for number in range(3, 4096):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return socket.socket(fileno=number)
        except OSError:
            pass


def write(text, blob=b"", sizes=None):
    if not isinstance(text, bytes):
        text = json.dumps(text).encode()
    header = struct.pack(">II", *(sizes or (len(text), len(blob))))
    connection().sendall(header + text + blob)
    time.sleep(30)


def reply(value, **more):
    good = dict(inputs_unchanged=True, models_unchanged=True, random_state_unchanged=True)
    return dict(value=value, witness=dict(good, forwards=dict(list=[])), **more)


ZERO = safetensors.torch.save({"0": torch.zeros(())})


# %% a reply of zeros and good manners plain=true says="not half the sum"
def dream_loss(activation):
    write(reply({"tensor": "0"}), ZERO)


# %% a reply with True plain=true says="should be a tensor"
def dream_loss(activation):
    write(reply({"plain": True}))


# %% a reply with not a number plain=true says="not finite"
def dream_loss(activation):
    write(reply({"plain": float("nan")}))


# %% a reply without a value plain=true says="cannot be read"
def dream_loss(activation):
    write({})


# %% a reply of another shape plain=true says="cannot be read"
def dream_loss(activation):
    write([1, 2])


# %% a reply that names points plain=true
def dream_loss(activation):
    write(reply({"plain": 1}, points=12, max_points=1, passed=True, status="graded"))


# %% a witness that is none plain=true says="cannot be read"
def dream_loss(activation):
    write({"value": {"plain": 1}, "witness": 5})


# %% an error that says the exercise is right plain=true says="12/12"
def dream_loss(activation):
    write({"error": {"points": 12, "text": "12/12"}})


# %% a network that is none plain=true says="cannot be read"
def dream_loss(activation):
    write(reply({"model": {"plain": 1}, "training": True, "frozen": True}))


# %% a million replies at once plain=true
def dream_loss(activation):
    text = json.dumps(reply({"tensor": "0"})).encode()
    one = struct.pack(">II", len(text), len(ZERO)) + text + ZERO
    connection().sendall(one * 1_000)


# %% JSON that is none plain=true says="cannot be read"
def dream_loss(activation):
    write(b"{{{{")


# %% JSON that is no text plain=true says="cannot be read"
def dream_loss(activation):
    write(b"\xff\xfe")


# %% JSON, nested a million deep plain=true says="cannot be read"
def dream_loss(activation):
    write(b"[" * 1_000_000)


# %% JSON with a number of a million digits plain=true says="cannot be read"
def dream_loss(activation):
    write(b"1" * 1_000_000)


# %% JSON of a million empty dictionaries plain=true says="larger than|cannot be read"
def dream_loss(activation):
    write(b"[" + b"{}," * 600_000 + b"{}]")


# %% a text of twenty megabytes plain=true says="larger than"
def dream_loss(activation):
    write(b"0" * 20_000_000)


# %% tensors that are a pickle plain=true says="no safetensors"
def dream_loss(activation):
    write(reply({"tensor": "0"}), b"cos\nsystem\n(S'id'\ntR.")


# %% tensors of which there are a million (safetensors header) plain=true says="no safetensors"
def dream_loss(activation):
    about = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    header = ("{" + ",".join(f'"{n}":{about}' for n in range(500_000)) + "}").encode()
    write(reply({"tensor": "0"}), struct.pack("<Q", len(header)) + header)


# %% a safetensors header of the size of the universe plain=true says="no safetensors"
def dream_loss(activation):
    write(reply({"tensor": "0"}), struct.pack("<Q", (1 << 64) - 1) + b"{}")


# %% a tensor of more values than there are bytes plain=true says="no safetensors"
def dream_loss(activation):
    header = b'{"0":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'
    write(reply({"tensor": "0"}), struct.pack("<Q", len(header)) + header)


# %% a size of four gigabytes plain=true says="larger than 64 MB"
def dream_loss(activation):
    write(b"", sizes=(10, 4_294_967_295))


# %% a size, and silence plain=true endless=true says="longer than 1 s"
def dream_loss(activation):
    write(b"", sizes=(1000, 0))


# %% one byte every tenth of a second plain=true endless=true says="longer than 1 s"
def dream_loss(activation):
    grader = connection()
    grader.sendall(struct.pack(">II", 1000, 0))
    while True:
        grader.sendall(b" ")
        time.sleep(0.1)


# %% the connection closed plain=true endless=true says="longer than 1 s"
def dream_loss(activation):
    connection().close()
    time.sleep(30)


# %% frames walked up to the loop that answers, and its connection used plain=true says="not half the sum"
def dream_loss(activation):
    frame = sys._getframe()
    while "connection" not in frame.f_locals:
        frame = frame.f_back
    text = json.dumps(reply({"tensor": "0"})).encode()
    frame.f_locals["connection"].sendall(struct.pack(">II", len(text), len(ZERO)) + text + ZERO)
    time.sleep(30)


# %% the connection found among the objects of the garbage collector plain=true says="not half the sum"
def dream_loss(activation):
    text = json.dumps(reply({"tensor": "0"})).encode()
    for thing in gc.get_objects():
        if type(thing) is socket.socket:
            try:
                thing.sendall(struct.pack(">II", len(text), len(ZERO)) + text + ZERO)
            except OSError:
                pass
    time.sleep(30)
