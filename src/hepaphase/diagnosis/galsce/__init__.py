"""GALS-CE's classifier: the patient named from liver and lesions in every phase."""
