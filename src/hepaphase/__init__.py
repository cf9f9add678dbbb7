"""Multi-phase liver CT: complete the missing phases, find and name the lesions, report. Research use only."""

__version__ = "0.1.0.dev0"
