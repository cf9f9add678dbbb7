"""What no reader and no generator can exceed on a simulated cohort."""
