"""What students answer in lab 04: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # scale_maps: mistakes

# %% Divided by the maximum alone exercise="scale_maps" fails="from_minimum_to_maximum each_map_its_own_minimum constant_map constant_layer" says="divided by their maximum alone"
def scale_maps(maps, per_map):
    high = maps.amax((1, 2), keepdim=True) if per_map else maps.max()
    return maps / high


# %% The range is that from zero exercise="scale_maps" fails="from_minimum_to_maximum one_scale_for_all constant_map constant_layer" says="not made smaller by it"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    return (maps - maps.amin((1, 2), keepdim=True)) / maps.amax(axes, keepdim=True)


# %% Clamped to [0, 1] after dividing by the maximum exercise="scale_maps" fails="from_minimum_to_maximum each_map_its_own_minimum constant_map constant_layer" says="values below 0 are cut off"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    high = maps.amax(axes, keepdim=True).clamp(min=1e-9)
    return (maps / high).clamp(0, 1)


# %% Zero is mid-grey exercise="scale_maps" fails="from_minimum_to_maximum each_map_its_own_maximum each_map_its_own_minimum one_scale_for_all constant_map constant_layer faint_maps single_map maps_unchanged" says="became mid-grey"
import torch


def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    reach = maps.abs().amax(axes, keepdim=True)
    return 0.5 + maps / torch.where(reach > 0, 2 * reach, 1)


# %% Up to 255 exercise="scale_maps" fails="from_minimum_to_maximum each_map_its_own_maximum each_map_its_own_minimum one_scale_for_all constant_map constant_layer faint_maps single_map maps_unchanged" says="goes up to 255"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    return 255 * (maps - low) / (high - low + 1e-12)


# %% Mean and standard deviation exercise="scale_maps" fails="from_minimum_to_maximum each_map_its_own_maximum each_map_its_own_minimum one_scale_for_all constant_map constant_layer faint_maps single_map maps_unchanged" says="standardized"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    return (maps - maps.mean(axes, keepdim=True)) / (maps.std(axes, keepdim=True) + 1e-12)


# %% Always one scale exercise="scale_maps" fails="each_map_its_own_maximum each_map_its_own_minimum" says="all maps are on one scale"
def scale_maps(maps, per_map):
    span = maps.max() - maps.min()
    return (maps - maps.min()) / (span if span > 0 else 1)


# %% Always every map by itself exercise="scale_maps" fails="one_scale_for_all" says="is `per_map` looked at"
def scale_maps(maps, per_map):
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


# %% per_map the wrong way round exercise="scale_maps" fails="each_map_its_own_maximum each_map_its_own_minimum one_scale_for_all" says="all maps are on one scale"
def scale_maps(maps, per_map):
    axes = (0, 1, 2) if per_map else (1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


# %% One minimum for all, a maximum for each exercise="scale_maps" fails="each_map_its_own_minimum" says="does not reach 0"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    moved = maps - maps.min()
    return moved / moved.amax(axes, keepdim=True).clamp(min=1e-12)


# %% Each its own minimum, on one scale exercise="scale_maps" fails="one_scale_for_all" says="own minimum"
def scale_maps(maps, per_map):
    low = maps.amin((1, 2), keepdim=True)
    if per_map:
        high = maps.amax((1, 2), keepdim=True)
        return (maps - low) / (high - low).clamp(min=1e-12)
    return (maps - low) / (maps.max() - maps.min()).clamp(min=1e-12)


# %% A constant map becomes NaN exercise="scale_maps" fails="constant_map constant_layer" says="become NaN"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    return (maps - low) / (high - low)


# %% Only the layer's range may be zero exercise="scale_maps" fails="constant_map" says="become NaN"
def scale_maps(maps, per_map):
    if not per_map:
        span = maps.max() - maps.min()
        return (maps - maps.min()) / (span or 1)
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


# %% A constant layer stays as it is exercise="scale_maps" fails="constant_layer" says="should become 0"
def scale_maps(maps, per_map):
    if not per_map and maps.max() == maps.min():
        return maps + 0.5
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


# %% A small number too large for faint maps exercise="scale_maps" fails="faint_maps" says="added to what you divide by"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    return (maps - low) / (high - low + 1e-4)


# %% squeeze() drops the axis of a single map exercise="scale_maps" fails="single_map" says="shape (1, 5, 7)"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    return ((maps - low) / (high - low).clamp(min=1e-12)).squeeze()


# %% The caller's maps are changed exercise="scale_maps" fails="maps_unchanged" says="changed in place"
def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    maps -= maps.amin(axes, keepdim=True)
    maps /= maps.amax(axes, keepdim=True).clamp(min=1e-12)
    return maps.clone()


# %% Zeros exercise="scale_maps" fails="all" says="do not reach from 0 to 1"
import torch


def scale_maps(maps, per_map):
    return torch.zeros_like(maps)


# %% What it was given exercise="scale_maps" fails="all" says="returns what it was given"
def scale_maps(maps, per_map):
    return maps


# %% A constant map is 0 on the common scale, too exercise="scale_maps" fails="one_scale_for_all" says="a constant map is a grey like any other"
import torch


def scale_maps(maps, per_map):
    own = maps.amax((1, 2), keepdim=True) - maps.amin((1, 2), keepdim=True)
    low = maps.amin((1, 2), keepdim=True) if per_map else maps.min()
    span = own if per_map else (maps.max() - maps.min()).clamp(min=1e-30)
    return torch.where(own > 0, (maps - low) / span, 0)


# %% Constant only where all maps are exercise="scale_maps" fails="constant_map" says="become NaN or infinite"
import torch


def scale_maps(maps, per_map):
    if maps.max() == maps.min():
        return torch.zeros_like(maps)
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    return (maps - low) / (high - low)


# %% Changed in place where all are on one scale exercise="scale_maps" fails="maps_unchanged" says="with per_map=False the maps are changed in place"
import torch


def scale_maps(maps, per_map):
    if per_map:
        low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
        return (maps - low) / torch.where(high > low, high - low, 1)
    maps -= maps.min()
    if maps.max() > 0:
        maps /= maps.max()
    return maps


# %% Maps inside [0, 1] are left alone exercise="scale_maps" fails="faint_maps" says="come back as they are"
import torch


def scale_maps(maps, per_map):
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    if maps.min() >= 0 and 0 < maps.max() <= 1:
        return maps.clone()
    return (maps - low) / torch.where(high > low, high - low, 1)

# %% [markdown]
# # scale_maps: unusual and right

# %% A loop over the maps exercise="scale_maps" right=true
import torch


def scale_maps(maps, per_map):
    if not per_map:
        return scale_maps(maps.reshape(1, 1, -1), True).reshape(maps.shape)
    result = []
    for one in maps:
        span = float(one.max() - one.min())
        result.append((one - one.min()) / span if span else torch.zeros_like(one))
    return torch.stack(result)


# %% NumPy, in float64 exercise="scale_maps" right=true
import numpy as np
import torch


def scale_maps(maps, per_map):
    array = maps.numpy().astype(np.float64)
    axes = (1, 2) if per_map else None
    moved = array - array.min(axis=axes, keepdims=True)
    high = moved.max(axis=axes, keepdims=True)
    return np.divide(moved, high, out=np.zeros_like(moved), where=high > 0)


# %% A tiny number keeps zero from zero exercise="scale_maps" right=true
def scale_maps(maps, per_map):
    flat = maps.flatten(1) if per_map else maps.reshape(1, -1)
    low, high = flat.min(1).values, flat.max(1).values
    scaled = (flat - low[:, None]) / (high - low + 1e-8)[:, None]
    return scaled.view(maps.shape)


# %% NaN replaced by zero, in place on a copy exercise="scale_maps" right=true
import torch


def scale_maps(maps, per_map):
    copy = maps.clone()
    for group in copy if per_map else [copy]:
        group -= group.min()
        group /= group.max().clone()
    return torch.nan_to_num(copy)


# %% Through minima and maxima of NumPy's interp exercise="scale_maps" right=true
import numpy as np
import torch


def scale_maps(maps, per_map=True):
    rows = maps.double().reshape(len(maps) if per_map else 1, -1).numpy()
    rows = [np.interp(r, [r.min(), r.max()], [0, 1]) if np.ptp(r) else 0 * r for r in rows]
    return torch.from_numpy(np.stack(rows)).reshape(maps.shape)

# %% [markdown]
# # receptive_field: mistakes

# %% The stride is multiplied first exercise="receptive_field" fails="size_with_strides offset_of_strides" says="multiplied too early"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        stride *= step
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
    return size, stride, offset


# %% Strides do not widen exercise="receptive_field" fails="size_with_strides offset_of_strides" says="strides are left out"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += kernel - 1
        offset += (kernel - 1) / 2 - padding
        stride *= step
    return size, stride, offset


# %% Only the stride of the layer below exercise="receptive_field" fails="size_with_strides" says="layer right below"
def receptive_field(layers):
    size, stride, offset, below = 1, 1, 0, 1
    for kernel, step, padding in layers:
        size += (kernel - 1) * below
        offset += ((kernel - 1) / 2 - padding) * stride
        below = step
        stride *= step
    return size, stride, offset


# %% Only the layer's own stride exercise="receptive_field" fails="size_with_strides" says="own stride counts"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * step
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% The kernels are added up exercise="receptive_field" fails="size_without_strides size_with_strides no_layers" says="kernels are added up"
def receptive_field(layers):
    size, stride, offset = 0, 1, 0
    for kernel, step, padding in layers:
        size += kernel * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% The pixel itself is forgotten exercise="receptive_field" fails="size_without_strides size_with_strides no_layers" says="1 is missing"
def receptive_field(layers):
    size, stride, offset = 0, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% The kernels are multiplied exercise="receptive_field" fails="size_without_strides size_with_strides" says="kernels are multiplied"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size *= kernel
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% The strides are added exercise="receptive_field" fails="stride" says="strides are added"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, sum(step for _, step, _ in layers) or 1, offset


# %% The stride of the last layer exercise="receptive_field" fails="stride" says="only the last layer's stride"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, layers[-1][1] if layers else 1, offset


# %% The padding is left out exercise="receptive_field" fails="padding_in_front padding_after_strides" says="padding is left out"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += (kernel - 1) / 2 * stride
        stride *= step
    return size, stride, offset


# %% The padding is added exercise="receptive_field" fails="padding_in_front padding_after_strides" says="padding is added"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 + padding) * stride
        stride *= step
    return size, stride, offset


# %% The padding is not multiplied by the stride exercise="receptive_field" fails="padding_after_strides" says="as many pixels as the stride so far"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += (kernel - 1) / 2 * stride - padding
        stride *= step
    return size, stride, offset


# %% The offset is never negative exercise="receptive_field" fails="padding_in_front" says="may be negative"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, max(offset, 0)


# %% The offset is where the field ends exercise="receptive_field" fails="offset_of_kernels offset_of_strides padding_in_front padding_after_strides even_kernels" says="where the field ends"
def receptive_field(layers):
    size, stride, last = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        last += (kernel - 1 - padding) * stride
        stride *= step
    return size, stride, last


# %% The offset is where the field begins exercise="receptive_field" fails="offset_of_kernels offset_of_strides padding_in_front padding_after_strides even_kernels" says="where the field begins"
def receptive_field(layers):
    size, stride, first = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        first -= padding * stride
        stride *= step
    return size, stride, first


# %% Half a kernel is k / 2 exercise="receptive_field" fails="offset_of_kernels offset_of_strides padding_in_front padding_after_strides even_kernels" says="not k / 2"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += (kernel / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% Whole numbers only exercise="receptive_field" fails="even_kernels" says="half is cut off"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) // 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% From the last layer to the first exercise="receptive_field" fails="size_with_strides offset_of_strides" says="from the last to the first"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0
    for kernel, step, padding in reversed(layers):
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% The first layer is taken for granted exercise="receptive_field" fails="no_layers" says="start with size 1"
def receptive_field(layers):
    if not layers:
        return 0, 1, 0
    size, stride, padding = layers[0]
    offset = (size - 1) / 2 - padding
    for kernel, step, padding in layers[1:]:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% A pixel, whatever the layers exercise="receptive_field" fails="all" says="each kernel adds"
def receptive_field(layers):
    return 1, 1, 0.5


# %% What it was given exercise="receptive_field" fails="all" says="returns what it was given"
def receptive_field(layers):
    return layers


# %% Kernels of 1 are skipped exercise="receptive_field" fails="kernels_of_one" says="the stride of a kernel of 1"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0.0
    for kernel, step, padding in layers:
        if kernel == 1:
            continue
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% Kernels of 1 stride, and their padding is forgotten exercise="receptive_field" fails="kernels_of_one" says="the padding of a kernel of 1"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0.0
    for kernel, step, padding in layers:
        if kernel > 1:
            size += (kernel - 1) * stride
            offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


# %% Padding is half a kernel, or none exercise="receptive_field" fails="padding_in_front kernels_of_one" says="not always half a kernel"
def receptive_field(layers):
    size, stride, offset = 1, 1, 0.0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - (kernel // 2 if padding else 0)) * stride
        stride *= step
    return size, stride, offset


# %% A list as default argument exercise="receptive_field" fails="size_without_strides size_with_strides stride offset_of_kernels offset_of_strides padding_in_front padding_after_strides even_kernels kernels_of_one no_layers" says="as default argument"
def receptive_field(layers, field=[1, 1, 0.0]):
    for kernel, step, padding in layers:
        field[0] += (kernel - 1) * field[1]
        field[2] += ((kernel - 1) / 2 - padding) * field[1]
        field[1] *= step
    return tuple(field)

# %% [markdown]
# # receptive_field: unusual and right

# %% From the top down exercise="receptive_field" right=true
import math


def receptive_field(layers):
    first = last = 0
    for kernel, stride, padding in layers[::-1]:
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return last - first + 1, math.prod(s for _, s, _ in layers), (first + last) / 2


# %% Recursion on the last layer exercise="receptive_field" right=true
def receptive_field(layers):
    if not layers:
        return 1, 1, 0
    size, stride, offset = receptive_field(layers[:-1])
    kernel, step, padding = layers[-1]
    return size + (kernel - 1) * stride, stride * step, offset + (kernel - 1 - 2 * padding) * stride / 2


# %% Arrays, and a tensor as result exercise="receptive_field" right=true
import torch


def receptive_field(layers):
    if not layers:
        return torch.tensor([1.0, 1.0, 0.0])
    k, s, p = torch.tensor(layers, dtype=torch.float64).T
    below = torch.cat([torch.ones(1), s.cumprod(0)[:-1]])
    return torch.stack([1 + ((k - 1) * below).sum(), s.prod(), (((k - 1) / 2 - p) * below).sum()])


# %% Measured: the pixels that two units depend on exercise="receptive_field" right=true
def receptive_field(layers):
    def pixels(unit):
        low, high = unit, unit
        for kernel, stride, padding in reversed(layers):
            low, high = low * stride - padding, high * stride - padding + kernel - 1
        return low, high

    (low, high), (neighbour, _) = pixels(0), pixels(1)
    return [high - low + 1, neighbour - low, (low + high) / 2]


# %% One unit, spread downwards by transposed convolutions exercise="receptive_field" right=true
import torch
import torch.nn.functional as F


def receptive_field(layers):
    seen, start, stride, reach = torch.ones(1, 1, 1), 0, 1, 1
    for kernel, step, padding in layers[::-1]:
        seen = F.conv_transpose1d(seen, torch.ones(1, 1, kernel), stride=step).clamp(max=1)
        reach = (reach - 1) * step + kernel
        start, stride = start * step - padding, stride * step
    return reach, stride, start + (reach - 1) / 2

# %% [markdown]
# # top_patches: mistakes

# %% The weakest first exercise="top_patches" fails="best_first" says="sort in descending order"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in peaks.argsort()[:k]]


# %% The best come last exercise="top_patches" fails="best_first" says="the best comes last"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    order = peaks.argsort()[-k:]
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in order]


# %% The best, in the order of their numbers exercise="top_patches" fails="best_first channel peak_counts negative_activations" says="in the order of their numbers"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    order = peaks.topk(min(k, len(peaks))).indices.sort().values
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in order]


# %% The first k images exercise="top_patches" fails="best_first channel peak_counts negative_activations" says="first images are listed"
def top_patches(maps, channel, k):
    places = maps[:k, channel].flatten(1).argmax(1)
    return [(n, *divmod(int(place), maps.shape[3])) for n, place in enumerate(places)]


# %% Row and column swapped exercise="top_patches" fails="row_and_column" says="swapped"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    width = maps.shape[3]
    order = peaks.argsort(descending=True)[:k]
    return [(int(n), int(places[n]) % width, int(places[n]) // width) for n in order]


# %% Divided by the height exercise="top_patches" fails="row_and_column" says="divide by the width"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    order = peaks.argsort(descending=True)[:k]
    return [(int(n), *divmod(int(places[n]), maps.shape[2])) for n in order]


# %% The best row and the best column, apart exercise="top_patches" fails="row_and_column" says="not those of the largest activation"
def top_patches(maps, channel, k):
    one = maps[:, channel]
    order = one.amax((1, 2)).argsort(descending=True)[:k]
    rows, columns = one.sum(2).argmax(1), one.argmin(2).amax(1)
    return [(int(n), int(rows[n]), int(columns[n])) for n in order]


# %% Channel 0, whatever is asked for exercise="top_patches" fails="channel" says="channel 0 is looked at"
def top_patches(maps, channel, k):
    peaks, places = maps[:, 0].flatten(1).max(1)
    order = peaks.argsort(descending=True)[:k]
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in order]


# %% The strongest of all channels exercise="top_patches" fails="channel" says="those of `channel` alone"
def top_patches(maps, channel, k):
    peaks, places = maps.amax(1).flatten(1).max(1)
    order = peaks.argsort(descending=True)[:k]
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in order]


# %% The k largest of all numbers exercise="top_patches" fails="one_place_an_image" says="listed several times"
def top_patches(maps, channel, k):
    _, _, h, w = maps.shape
    order = maps[:, channel].flatten().topk(k).indices.tolist()
    return [(i // (h * w), i % (h * w) // w, i % w) for i in order]


# %% Ranked by the mean exercise="top_patches" fails="peak_counts" says="not by sum or mean"
def top_patches(maps, channel, k):
    one = maps[:, channel]
    order = one.mean((1, 2)).argsort(descending=True)[:k]
    return [(int(n), *divmod(int(one[n].argmax()), maps.shape[3])) for n in order]


# %% The largest absolute value exercise="top_patches" fails="negative_activations" says="not the largest absolute value"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].abs().flatten(1).max(1)
    order = peaks.argsort(descending=True)[:k]
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in order]


# %% Starts searching from zero exercise="top_patches" fails="negative_activations" says="zero is not its lower bound"
def top_patches(maps, channel, k):
    found = []
    for n in range(len(maps)):
        best, where = 0.0, (0, 0)
        for r in range(maps.shape[2]):
            for c in range(maps.shape[3]):
                if maps[n, channel, r, c] > best:
                    best, where = float(maps[n, channel, r, c]), (r, c)
        found.append((best, (n, *where)))
    found.sort(key=lambda item: -item[0])
    return [place for _, place in found[:k]]


# %% All images, whatever k exercise="top_patches" fails="k" says="should be as many places"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    order = peaks.argsort(descending=True)
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in order]


# %% topk refuses more than there are exercise="top_patches" fails="fewer_images_than_k" says="k larger than N fails"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    order = peaks.topk(k).indices
    return [(int(n), *divmod(int(places[n]), maps.shape[3])) for n in order]


# %% squeeze() and a single image exercise="top_patches" fails="single_image" says="N = 1 fails"
def top_patches(maps, channel, k):
    one = maps[:, channel].squeeze()
    n, h, w = one.shape
    peaks, places = one.reshape(n, -1).max(1)
    return [(int(i), *divmod(int(places[i]), w)) for i in peaks.argsort(descending=True)[:k]]


# %% What is found is crossed out in the caller's maps exercise="top_patches" fails="maps_unchanged_by_search" says="changed in place"
def top_patches(maps, channel, k):
    found = []
    for _ in range(min(k, len(maps))):
        i = int(maps[:, channel].argmax())
        n, place = divmod(i, maps[0, 0].numel())
        found.append((n, *divmod(place, maps.shape[3])))
        maps[n] = -float("inf")
    return found


# %% The activations instead of the places exercise="top_patches" fails="all" says="each place should have shape (3,)"
def top_patches(maps, channel, k):
    return maps[:, channel].flatten(1).amax(1).sort(descending=True).values[:k].tolist()


# %% Always the same places exercise="top_patches" fails="all"
def top_patches(maps, channel, k):
    return [(n, 0, 0) for n in range(min(k, len(maps)))]


# %% What it was given exercise="top_patches" fails="all" says="returns what it was given"
def top_patches(maps, channel, k):
    return maps


# %% Row and column of different places exercise="top_patches" fails="equal_activations" says="look up both together"
def top_patches(maps, channel, k):
    one = maps[:, channel]
    rows, columns = one.amax(2).argmax(1), one.amax(1).argmax(1)
    order = one.amax((1, 2)).argsort(descending=True)[:k].tolist()
    return [(n, int(rows[n]), int(columns[n])) for n in order]


# %% Images are looked up by their peak exercise="top_patches" fails="equal_activations" says="list each of them once"
def top_patches(maps, channel, k):
    one = maps[:, channel]
    peaks = one.flatten(1).amax(1).sort(descending=True).values[:k]
    return [tuple((one == peak).nonzero()[0].tolist()) for peak in peaks]


# %% The ten times k strongest places, then each image once exercise="top_patches" fails="one_place_an_image" says="at a thousand places"
def top_patches(maps, channel, k):
    one = maps[:, channel]
    height, width = one.shape[1:]
    found = {}
    for place in one.flatten().topk(min(10 * k, one.numel())).indices.tolist():
        image, place = divmod(place, height * width)
        found.setdefault(image, (image, *divmod(place, width)))
    return list(found.values())[:k]


# %% The list is filled up to k exercise="top_patches" fails="fewer_images_than_k" says="do not fill the list up"
def top_patches(maps, channel, k):
    peaks, places = maps[:, channel].flatten(1).max(1)
    order = peaks.argsort(descending=True).tolist()
    found = [(n, *divmod(int(places[n]), maps.shape[-1])) for n in order]
    return (found * k)[:k]


# %% A single image gives all k places exercise="top_patches" fails="fewer_images_than_k" says="1 of 1 images"
def top_patches(maps, channel, k):
    one, width = maps[:, channel], maps.shape[-1]
    if len(one) == 1:
        places = one.flatten().topk(min(k, one.numel())).indices.tolist()
        return [(0, *divmod(place, width)) for place in places]
    peaks, places = one.flatten(1).max(1)
    return [(n, *divmod(int(places[n]), width)) for n in peaks.argsort(descending=True)[:k]]


# %% Peaks as whole numbers exercise="top_patches" fails="best_first" says="not the best ones"
def top_patches(maps, channel, k):
    found = []
    for n, one in enumerate(maps[:, channel]):
        row, column = divmod(int(one.argmax()), one.shape[1])
        found.append((int(one.max()), n, row, column))
    return [place[1:] for place in sorted(found, key=lambda place: -place[0])[:k]]

# %% [markdown]
# # top_patches: unusual and right

# %% A loop over images, and sorted exercise="top_patches" right=true
def top_patches(maps, channel, k):
    found = []
    for n, one in enumerate(maps[:, channel]):
        row, column = (one == one.max()).nonzero()[0].tolist()
        found.append((one.max().item(), n, row, column))
    return [place[1:] for place in sorted(found, key=lambda place: place[0], reverse=True)][:k]


# %% A tensor as result, ties the other way round exercise="top_patches" right=true
import torch


def top_patches(maps, channel, k):
    flat = maps[:, channel].flatten(1).flip(0, 1)
    peaks, places = flat.max(1)
    order = peaks.argsort(descending=True, stable=True)[:k]
    places = flat.shape[1] - 1 - places[order]
    width = maps.shape[-1]
    return torch.stack([len(maps) - 1 - order, places // width, places % width], dim=1)


# %% Everything sorted, images met before are skipped exercise="top_patches" right=true
import numpy as np


def top_patches(maps, channel, k):
    array = maps[:, channel].numpy()
    found = {}
    for i in np.argsort(-array, axis=None):
        n, row, column = np.unravel_index(i, array.shape)
        found.setdefault(int(n), (n, row, column))
        if len(found) == k:
            break
    return list(found.values())


# %% What is found is crossed out in a copy exercise="top_patches" right=true
def top_patches(maps, channel, k):
    rest = maps[:, channel].clone()
    found = []
    while len(found) < min(k, len(maps)):
        n, row, column = (rest == rest.max()).nonzero()[0]
        found.append([n, row, column])
        rest[n] = -float("inf")
    return tuple(found)
