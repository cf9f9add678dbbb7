"""The budgets measured: seconds, CPU seconds and memory of the main jobs, each in fresh processes."""
