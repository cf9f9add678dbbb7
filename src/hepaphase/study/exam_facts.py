"""Facts about patient, size, tube voltage and injection that ``Study.clinical`` may hold, and what they can be."""

YES_NO = ("cirrhosis", "hbv", "afp", "ca19_9", "cea", "cancer")
"""Yes or no; what they mean stands in ``study.lesions.Markers``."""

LIMITS = {
    "height_cm": (50.0, 230.0),
    "weight_kg": (10.0, 300.0),
    "iodine_mg_per_ml": (100.0, 450.0),
    "contrast_ml": (5.0, 300.0),
    "contrast_ml_per_s": (0.2, 12.0),
    "kvp": (70.0, 140.0),
}
"""Name to smallest and largest value. Adults and children; agents on the market; voltages of ``kinetics.tube``."""
