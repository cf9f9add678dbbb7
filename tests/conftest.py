"""What every test needs."""

import os

import hypothesis

os.environ["MPLBACKEND"] = "Agg"  # before matplotlib is imported anywhere

# Times differ between machines and a slow draw is not a failure; the same examples are drawn on every run.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, database=None, max_examples=40)
hypothesis.settings.load_profile("house")
