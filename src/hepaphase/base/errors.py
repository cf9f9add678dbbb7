"""Everything we raise on purpose, as a tree.

HepaphaseError
├── InputError              a file or folder we cannot read as what it claims to be
│   ├── GeometryError       grids that contradict each other or themselves
│   ├── DicomError          a series that is not one whole CT volume
│   └── VolumeError         voxels that cannot be HU (NaN, wrong number of axes, empty)
├── StudyError              a study that lacks what was asked of it
│   └── MissingPhaseError
├── ConfigError             a setting that cannot be
│   ├── UnknownNameError    a plug-in, class or recipe that does not exist
│   ├── NotTrainedError     a model asked for what it was not trained for
│   └── PhaseDoubtError     volumes whose phases cannot be told surely; the user has to name them
├── BundleError             weights that do not fit the model or the class table
├── CheckpointError         a checkpoint that cannot be resumed from
├── OutputError             a place we may not write to
└── MissingExtraError       an optional dependency that is not installed

Each message says what was asked, what was found, and what to do. The command line prints it as one line and
exits with code 2.
"""


class HepaphaseError(Exception):
    """The root: whatever hepaphase raises on purpose."""


class InputError(HepaphaseError):
    """A file or folder cannot be read as what it claims to be."""


class GeometryError(InputError):
    """Grids contradict each other or themselves."""


class DicomError(InputError):
    """A DICOM series is not one whole CT volume."""


class VolumeError(InputError):
    """Voxels cannot be Hounsfield units: NaN, wrong number of axes, or none at all."""


class StudyError(HepaphaseError):
    """A study lacks what was asked of it."""


class MissingPhaseError(StudyError):
    """A phase that was asked for is not in the study."""


class ConfigError(HepaphaseError):
    """A setting cannot be."""


class UnknownNameError(ConfigError):
    """A plug-in, lesion class or recipe of that name does not exist."""


class NotTrainedError(ConfigError):
    """A model was asked for what it was not trained for."""


class PhaseDoubtError(ConfigError):
    """Which phase a volume is cannot be told surely: the user has to name it."""


class BundleError(HepaphaseError):
    """Weights do not fit the model or the class table."""


class CheckpointError(HepaphaseError):
    """A checkpoint cannot be resumed from."""


class OutputError(HepaphaseError):
    """A place cannot be written to, or holds something we will not overwrite."""


class MissingExtraError(HepaphaseError):
    """An optional dependency is not installed."""
