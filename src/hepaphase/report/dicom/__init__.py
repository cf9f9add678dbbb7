"""A reading as DICOM: segments and a measurement report that point at the images that were read."""
