"""Named runs, one file each: its first line says what it is for, its function ``recipe`` returns the whole run."""

from ..base.family import Family

RECIPES = Family("hepaphase.recipes", "recipe", "recipe")
