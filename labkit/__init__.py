"""What the notebooks import: models, data, hooks and plotting. Never the answer to an exercise."""
