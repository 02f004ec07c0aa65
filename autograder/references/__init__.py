"""Reference implementations, one module a lab; `autograder.reference` gathers them."""
