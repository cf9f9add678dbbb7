"""Whether a set of phases is one that contrast agent could have made: the twelve measures of the physics notes, D."""
