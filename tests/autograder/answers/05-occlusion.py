"""What students answer in lab 05: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message.
"""

# %% [markdown]
# # occlude: mistakes

# %% Row and column are exchanged exercise="occlude" fails="place" says="row and column are exchanged"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, left:right, top:bottom] = fill[:, :, left:right, top:bottom]
    return covered


# %% The end of the slice is counted in exercise="occlude" fails="place" says="a pixel too large"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size + 1, column + size + 1
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% The square is centred at the place exercise="occlude" fails="place" says="centred at the place"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    row, column = row - size // 2, column - size // 2
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% Everything but the square is covered exercise="occlude" fails="place" says="everything but the square"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = fill.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = image[:, :, top:bottom, left:right]
    return covered


# %% Always grey, whatever the fill exercise="occlude" fails="number colour picture_as_fill" says="they should all be that number"
import torch


def occlude(image, row, column, size, fill):
    covered = image.clone()
    covered[:, :, max(row, 0) : row + size, max(column, 0) : column + size] = 0.5
    return covered


# %% The number is taken as one of 0 to 255 exercise="occlude" fails="number" says="they should all be that number"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill / 255 if isinstance(fill, float) else fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% The fill is blended in by half exercise="occlude" fails="number colour picture_as_fill" says="they should all be that number"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = (image + fill)[:, :, top:bottom, left:right] / 2
    return covered


# %% Only the first channel is covered exercise="occlude" fails="all_channels colour picture_as_fill" says="channel 1 shows through"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, 0, top:bottom, left:right] = fill[:, 0, top:bottom, left:right]
    return covered


# %% The colour lies along the columns exercise="occlude" fails="colour" says="RuntimeError"
import torch


def occlude(image, row, column, size, fill):
    covered = image.clone()
    rows, columns = slice(max(row, 0), row + size), slice(max(column, 0), column + size)
    if torch.is_tensor(fill) and fill.dim() == 4:
        fill = fill[:, :, rows, columns]
    covered[:, :, rows, columns] = fill
    return covered


# %% Wrong only for squares of side 3 exercise="occlude" fails="colour" says="lies along the columns"
import torch


def occlude(image, row, column, size, fill):
    covered = image.clone()
    rows, columns = slice(max(row, 0), row + size), slice(max(column, 0), column + size)
    place = covered[:, :, rows, columns]
    if torch.is_tensor(fill) and fill.dim() == 4:
        fill = fill[:, :, rows, columns]
    elif torch.is_tensor(fill) and fill.shape[-1] != place.shape[-1]:
        fill = fill.view(3, 1, 1)
    covered[:, :, rows, columns] = fill
    return covered


# %% The mean of the colour in all channels exercise="occlude" fails="colour" says="mean of the colour"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.mean()
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% The colour's channels are reversed, as in OpenCV exercise="occlude" fails="colour" says="in reverse order"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.flip(0).view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% The upper left corner of the fill picture exercise="occlude" fails="picture_as_fill" says="upper left corner of the fill picture"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, : bottom - top, : right - left][:, :, : image.shape[2] - top, : image.shape[3] - left]
    return covered


# %% The mean of the fill picture exercise="occlude" fails="picture_as_fill" says="mean over the fill picture"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    if fill.dim() == 4:
        fill = fill.mean((2, 3), keepdim=True)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% Negative starts count from the end exercise="occlude" fails="upper_and_left_border" says="counts from the end"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = row, column
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% A square that begins outside keeps its size exercise="occlude" fails="upper_and_left_border" says="moved into the picture, and keeps its size"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = top + size, left + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% A square over the lower border is moved into the picture exercise="occlude" fails="lower_and_right_border" says="is moved into the picture"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    row, column = min(row, image.shape[2] - size), min(column, image.shape[3] - size)
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% The caller's picture is painted on exercise="occlude" fails="picture_unchanged" says="or the fill, is painted on"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


# %% The fill picture is painted on exercise="occlude" fails="picture_unchanged" says="or the fill, is painted on"
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    covered = fill if fill.dim() == 4 else (torch.zeros_like(image) + fill.reshape(-1, 1, 1))
    keep = torch.ones_like(image, dtype=torch.bool)
    keep[:, :, max(row, 0) : row + size, max(column, 0) : column + size] = False
    covered[keep] = image[keep]
    return covered


# %% A stub that returns its input exercise="occlude" fails="all" says="not answered yet: `occlude` returns what it was given"
def occlude(image, row, column, size, fill):
    return image


# %% No return exercise="occlude" fails="all" says="`occlude` returns None"
def occlude(image, row, column, size, fill):
    covered = image.clone()
    covered[:, :, row : row + size, column : column + size] = fill

# %% [markdown]
# # occlude: unusual and right

# %% A mask of rows and columns, and where exercise="occlude" right=true
import torch


def occlude(image, row, column, size, fill):
    i = torch.arange(image.shape[2])[:, None]
    j = torch.arange(image.shape[3])[None, :]
    inside = (i >= row) & (i < row + size) & (j >= column) & (j < column + size)
    if isinstance(fill, torch.Tensor) and fill.ndim == 1:
        fill = fill[:, None, None]
    return torch.where(inside, fill, image)


# %% Pixel by pixel exercise="occlude" right=true
import torch


def occlude(image, row, column, size, fill):
    covered = image.clone()
    for i in range(max(0, row), min(row + size, image.shape[2])):
        for j in range(max(0, column), min(column + size, image.shape[3])):
            for c in range(3):
                value = fill
                if torch.is_tensor(fill):
                    value = fill[c] if fill.dim() == 1 else fill[0, c, i, j]
                covered[0, c, i, j] = value
    return covered


# %% NumPy, in float64 exercise="occlude" right=true
import numpy as np
import torch


def occlude(image, row, column, size, fill):
    covered = image.numpy().astype(np.float64)
    rows = np.arange(image.shape[2])[:, None] - row
    columns = np.arange(image.shape[3])[None] - column
    keep = (rows < 0) | (rows >= size) | (columns < 0) | (columns >= size)
    fill = np.asarray(fill, dtype=np.float64)
    if fill.ndim == 1:
        fill = fill.reshape(3, 1, 1)
    return torch.from_numpy(covered * keep + fill * ~keep)


# %% Padded first, cut afterwards exercise="occlude" right=true
import torch
import torch.nn.functional as F


def occlude(image, row, column, size, fill):
    if not torch.is_tensor(fill):
        fill = torch.full((3,), float(fill))
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1).repeat(1, 1, *image.shape[2:])
    wide, source = F.pad(image, [size] * 4), F.pad(fill, [size] * 4)
    top, left = row + size, column + size
    wide[..., top : top + size, left : left + size] = source[..., top : top + size, left : left + size]
    return wide[..., size:-size, size:-size]

# %% [markdown]
# # occlusion_map: mistakes

# %% Squares reach over the border exercise="occlusion_map" fails="grid" says="reach over the border"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H, stride))
    columns = list(range(0, W, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% A row of squares ends one pixel below the picture exercise="occlusion_map" fails="grid" says="reach over the border"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows, columns = range(0, H - size + 2, stride), range(0, W - size + 1, stride)
    values = torch.zeros(len(rows), len(columns))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            values[i, j] = model(covered).softmax(1)[0, label]
    return values


# %% The last squares are lost exercise="occlusion_map" fails="grid" says="get lost"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size, stride))
    columns = list(range(0, W - size, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% Rows and columns are exchanged exercise="occlusion_map" fails="grid each_square" says="Rows and columns are exchanged"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns)).T


# %% The width is taken for the height exercise="occlusion_map" fails="grid" says="W used for the columns"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H = W = image.shape[3]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The rows come from below exercise="occlusion_map" fails="each_square" says="upside down"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns)).flip(0)


# %% The squares pile up exercise="occlusion_map" fails="each_square stride" says="pile up"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    covered = image.clone()
    for row in rows:
        for column in columns:
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered.clone())
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The stride is always the size exercise="occlusion_map" fails="grid stride" says="`stride` pixels apart"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    stride = size
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The stride is always 1 exercise="occlusion_map" fails="grid each_square stride" says="`stride` pixels apart"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    stride = 1
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% Logits exercise="occlusion_map" fails="probability" says="holds logits"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures))[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures))[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% Log-probabilities exercise="occlusion_map" fails="probability" says="log-probabilities"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).log_softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).log_softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The fall of the probability, as in the notebook's maps exercise="occlusion_map" fails="probability" says="how far the probability falls"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    before = model(image).softmax(1)[0, label]
    return before - torch.cat(values).view(len(rows), len(columns))


# %% The softmax runs over the batch exercise="occlusion_map" fails="probability" says="over the pictures of the batch"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(0)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(0)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The largest probability exercise="occlusion_map" fails="label" says="class that wins"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1).amax(1))
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1).amax(1))
    return torch.cat(values).view(len(rows), len(columns))


# %% The class that wins, not the label exercise="occlusion_map" fails="label" says="class that wins"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    label = int(model(image).argmax())
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% Always class 0 exercise="occlusion_map" fails="label" says="another class"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, 0])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, 0])
    return torch.cat(values).view(len(rows), len(columns))


# %% Always grey exercise="occlusion_map" fails="fill" says="the number 0.2"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.tensor(0.5)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The mean of the colour and of the picture exercise="occlusion_map" fails="fill" says="the fill is a colour"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill).mean()
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% All squares in one batch exercise="occlusion_map" fails="at_most_16_at_a_time" says="memory stays bounded"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 4096:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% Batches of 32 exercise="occlusion_map" fails="at_most_16_at_a_time" says="memory stays bounded"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 32:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if len(pictures) > 0:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% Every square is looked at twice exercise="occlusion_map" fails="one_picture_a_square" says="one each is enough"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                model(torch.cat(pictures)).argmax(1)
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The graph is kept exercise="occlusion_map" fails="no_graph" says="through a graph"
import torch


def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The caller's picture is painted on exercise="occlusion_map" fails="each_square stride image_and_model_unchanged" says="pile up"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered.clone())
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The last square stays on the caller's picture exercise="occlusion_map" fails="image_and_model_unchanged" says="painted on"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    if torch.is_tensor(fill) and fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = (torch.zeros_like(image) + fill).expand_as(image)
    untouched, values = image.clone(), []
    for row in range(0, H - size + 1, stride):
        for column in range(0, W - size + 1, stride):
            image.copy_(untouched)
            place = (..., slice(row, row + size), slice(column, column + size))
            image[place] = fill[place]
            values.append(model(image).softmax(1)[0, label])
    return torch.stack(values).view((H - size) // stride + 1, -1)


# %% The network is left in training mode exercise="occlusion_map" fails="image_and_model_unchanged" says="the network is not as it was"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    model.train()
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(covered)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% The untouched picture goes through the network exercise="occlusion_map" fails="all" says="same everywhere"
import torch


@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    fill = torch.as_tensor(fill)
    fill = (fill.view(1, 3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = list(range(0, H - size + 1, stride))
    columns = list(range(0, W - size + 1, stride))
    pictures, values = [], []
    for row in rows:
        for column in columns:
            covered = image.clone()
            place = (..., slice(row, row + size), slice(column, column + size))
            covered[place] = fill[place]
            pictures.append(image)
            if len(pictures) == 16:
                values.append(model(torch.cat(pictures)).softmax(1)[:, label])
                pictures = []
    if pictures:
        values.append(model(torch.cat(pictures)).softmax(1)[:, label])
    return torch.cat(values).view(len(rows), len(columns))


# %% A made-up slope exercise="occlusion_map" fails="all" says=""
import torch


def occlusion_map(model, image, label, size, stride, fill):
    rows, columns = ((n - size) // stride + 1 for n in image.shape[2:])
    return torch.linspace(0, 1, rows * columns).view(rows, columns)


# %% A stub that returns its input exercise="occlusion_map" fails="all" says="returns what it was given"
def occlusion_map(model, image, label, size, stride, fill):
    return image


# %% No return exercise="occlusion_map" fails="all" says="returns None"
def occlusion_map(model, image, label, size, stride, fill):
    model(image)


# %% The sigmoid of one logit exercise="occlusion_map" fails="probability" says="knows no other class"
import torch


def occlusion_map(model, image, label, size, stride, fill):
    fill = torch.as_tensor(fill).to(image)
    fill = (fill.reshape(3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)
    rows = range(0, image.shape[2] - size + 1, stride)
    columns = range(0, image.shape[3] - size + 1, stride)
    values = torch.zeros(len(rows), len(columns))
    with torch.no_grad():
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                covered = image.clone()
                place = (..., slice(row, row + size), slice(column, column + size))
                covered[place] = fill[place]
                values[i, j] = torch.sigmoid(model(covered)[0, label])
    return values

# %% [markdown]
# # occlusion_map: unusual and right

# %% One square at a time, with the exercise before exercise="occlusion_map" right=true
import torch


def occlude(image, row, column, size, fill):
    fill = torch.as_tensor(fill)
    if fill.dim() == 1:
        fill = fill.view(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    top, left = max(row, 0), max(column, 0)
    bottom, right = row + size, column + size
    covered[:, :, top:bottom, left:right] = fill[:, :, top:bottom, left:right]
    return covered


def occlusion_map(model, image, label, size, stride, fill):
    rows = (image.shape[2] - size) // stride + 1
    columns = (image.shape[3] - size) // stride + 1
    values = torch.zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            with torch.inference_mode():
                logits = model(occlude(image, i * stride, j * stride, size, fill))
            values[i, j] = torch.softmax(logits[0], dim=-1)[label]
    return values


# %% Nested lists of Python numbers exercise="occlusion_map" right=true
import math

import torch


def occlusion_map(model, image, label, size, stride, fill):
    if torch.is_tensor(fill) and fill.dim() == 1:
        fill = fill.reshape(1, 3, 1, 1)
    fill = torch.zeros_like(image) + fill
    values, top = [], 0
    while top + size <= image.shape[2]:
        line, left = [], 0
        while left + size <= image.shape[3]:
            covered = image.detach().clone()
            covered[..., top : top + size, left : left + size] = fill[
                ..., top : top + size, left : left + size
            ]
            powers = [math.exp(v) for v in model(covered)[0].tolist()]
            line.append(powers[label] / sum(powers))
            left += stride
        values.append(line)
        top += stride
    return torch.tensor(values, dtype=torch.float64)


# %% All masks by unfolding, split in batches exercise="occlusion_map" right=true
import torch


def occlusion_map(model, image, label, size, stride, fill):
    H, W = image.shape[2:]
    pixels = torch.arange(H * W).view(H, W)
    windows = pixels.unfold(0, size, stride).unfold(1, size, stride)
    rows, columns = windows.shape[:2]
    masks = torch.zeros(rows * columns, H * W)
    masks.scatter_(1, windows.reshape(rows * columns, -1), 1.0)
    masks = masks.view(-1, 1, H, W)
    if torch.is_tensor(fill) and fill.numel() == 3:
        fill = fill.view(3, 1, 1)
    values = []
    for mask in masks.split(7):
        batch = mask * fill + (1 - mask) * image
        values += model(batch).log_softmax(-1).exp()[:, int(label)].detach().tolist()
    return torch.tensor(values).reshape(rows, columns)


# %% A row at a time, in NumPy, gradients detached exercise="occlusion_map" right=true
import numpy as np
import torch


def occlusion_map(model, image, label, size, stride, fill):
    pixels = image.detach().numpy()
    fill = np.asarray(fill, dtype=np.float32)
    fill = np.broadcast_to(fill.reshape(3, 1, 1) if fill.ndim == 1 else fill, pixels.shape)
    rows, columns = [1 + (n - size) // stride for n in pixels.shape[2:]]
    values = np.empty((rows, columns))
    for k in range(rows * columns):
        i, j = divmod(k, columns)
        place = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
        covered = pixels.copy()
        covered[place] = fill[place]
        logits = model(torch.from_numpy(covered))[0].numpy().astype(float)
        powers = np.exp(logits - logits.max())
        values[i, j] = powers[label] / powers.sum()
    return values


# %% A data set of covered pictures, and its loader exercise="occlusion_map" right=true
import torch
from torch.utils.data import DataLoader, Dataset


class Covered(Dataset):
    def __init__(self, image, size, stride, fill):
        fill = torch.as_tensor(fill).to(image)
        self.image, self.size = image.detach()[0], size
        self.fill = (fill.reshape(3, 1, 1) if fill.dim() == 1 else fill).expand_as(image)[0]
        rows, columns = (range(0, n - size + 1, stride) for n in image.shape[2:])
        self.places = [(row, column) for row in rows for column in columns]

    def __len__(self):
        return len(self.places)

    def __getitem__(self, n):
        row, column = self.places[n]
        covered = self.image.clone()
        place = (..., slice(row, row + self.size), slice(column, column + self.size))
        covered[place] = self.fill[place]
        return covered


@torch.inference_mode()
def occlusion_map(model, image, label, size, stride, fill):
    squares = DataLoader(Covered(image, size, stride, fill), batch_size=16)
    values = [model(batch).log_softmax(dim=1)[:, label].exp() for batch in squares]
    return torch.cat(values).reshape((image.shape[2] - size) // stride + 1, -1)
