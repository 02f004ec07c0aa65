"""One thread for every test: small tensors are slower on two, and forked workers need it."""

import torch

torch.set_num_threads(1)
