"""The viewer and the DICOM node: readings in a browser, studies in, SEG and SR back."""
