"""Network parts that several rooms use; knows tensors, not studies."""
