"""Independent implementations of the graded functions: another road to the same values.

Where a solution differentiates a batch at once, these take full Jacobians, loops or NumPy, so
that one misunderstanding cannot hide in both. One module a lab; this one gathers their names.
"""

from autograder.references.lab_01_first_layer_filters import (
    filter_response,
    grayscale_slices,
    normalize_filters,
)
from autograder.references.lab_02_nearest_neighbors import (
    extract_features,
    nearest_neighbors,
)
from autograder.references.lab_03_embedding_maps import (
    map_affinities,
    map_corners,
    neighbour_shares,
    paste_on_map,
    pca,
    perplexity_affinities,
    tsne_gradient,
)
from autograder.references.lab_04_activations_and_patches import (
    receptive_field,
    scale_maps,
    top_patches,
)
from autograder.references.lab_05_occlusion import (
    occlude,
    occlusion_logits,
)
from autograder.references.lab_06_saliency import (
    logit_gradients,
    loss_gradients,
    saliency_map,
)
from autograder.references.lab_07_shortcuts_and_segmentation import (
    grabcut_seeds,
    intersection_over_union,
    plant_shortcut,
)
from autograder.references.lab_08_guided_backprop import (
    guided_backprop,
    guided_backprop_by_hooks,
    sent_back,
)
from autograder.references.lab_09_class_visualization import (
    ascent_direction,
    gaussian_spot,
    latent_directions,
    nearest_to_grey,
)
from autograder.references.lab_10_adversarial_images import climb, fgsm
from autograder.references.lab_11_feature_inversion import smoothest_match, total_variation
from autograder.references.lab_12_deepdream import dream_gradient, dream_loss, octave_sizes
from autograder.references.lab_13_texture_synthesis import (
    draws_of,
    gaussian_weights,
    gram_matrix,
    layer_distances,
    masked_distances,
)
from autograder.references.lab_14_style_transfer import (
    content_loss,
    layer_losses,
    mix_grams,
    probe_outputs,
    style_targets,
    style_terms,
    weight_obeyed,
)
from autograder.references.lab_15_fast_style_transfer import (
    instance_norm,
    perceptual_loss,
)

__all__ = [
    "ascent_direction",
    "climb",
    "content_loss",
    "draws_of",
    "dream_gradient",
    "dream_loss",
    "extract_features",
    "fgsm",
    "filter_response",
    "gaussian_spot",
    "gaussian_weights",
    "grabcut_seeds",
    "gram_matrix",
    "grayscale_slices",
    "guided_backprop",
    "guided_backprop_by_hooks",
    "instance_norm",
    "intersection_over_union",
    "latent_directions",
    "layer_distances",
    "layer_losses",
    "logit_gradients",
    "loss_gradients",
    "map_affinities",
    "map_corners",
    "masked_distances",
    "mix_grams",
    "nearest_neighbors",
    "nearest_to_grey",
    "neighbour_shares",
    "normalize_filters",
    "occlude",
    "occlusion_logits",
    "octave_sizes",
    "paste_on_map",
    "pca",
    "perceptual_loss",
    "perplexity_affinities",
    "plant_shortcut",
    "probe_outputs",
    "receptive_field",
    "saliency_map",
    "scale_maps",
    "sent_back",
    "smoothest_match",
    "style_targets",
    "style_terms",
    "top_patches",
    "total_variation",
    "tsne_gradient",
    "weight_obeyed",
]
