"""How a source names its files: one template per kind of file, which both finds and writes them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..study.phase import Phase

_HOLES = re.compile(r"\{(\w+)\}")
_NIFTI = re.escape(".nii") + r"(?:\.gz)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRule:
    """One kind of mask file of a source, and which of its values are ours.

    ``parts`` maps our names (``liver``, ``lesions``, ``body``) to the values in the file; an empty tuple means every
    value above zero. Values are those of this source alone: the same number is another organ elsewhere.
    """

    template: str
    parts: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Templates of the files of one source, relative to its root, with ``/`` between folders.

    Holes: ``{case}``; ``{phase}``, one of ``words``; ``{set}``, one of ``sets``; ``{n}``, a number.
    ``.nii.gz`` in a template also finds ``.nii`` and the other way round.
    """

    scans: str
    words: Mapping[str, Phase] = field(default_factory=dict)
    """Spelling of this source to phase; the first spelling of a phase is the one written."""
    only: Phase = Phase.PVP
    """The phase of every scan where the template has no ``{phase}``."""
    phase_told: bool = True
    """False where scans of several phases are mixed and the source does not say which is which."""
    masks: tuple[MaskRule, ...] = ()
    sets: tuple[str, ...] = ()
    case: str = r"[^/]+?"
    """Pattern of a case's name."""
    needs_mask: bool = False
    """Whether only the masks tell this layout from another one."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases that this layout can hold, in order of time."""
        return tuple(p for p in Phase if p in self.words.values()) if self.words else (self.only,)

    def word(self, phase: Phase) -> str:
        """How this source spells ``phase``."""
        return next((word for word, known in self.words.items() if known is phase), "")

    def matches(self, root: Path, template: str) -> Iterator[tuple[Path, dict[str, str]]]:
        """Files below ``root`` that fit ``template``, sorted, with what fills its holes; hidden ones are left out."""
        pattern = re.compile(self._pattern(template))
        for path in sorted(root.glob(_HOLES.sub("*", template).replace(".nii.gz", ".nii*"))):
            if path.name.startswith("."):
                continue
            if found := pattern.fullmatch(path.relative_to(root).as_posix()):
                yield path, found.groupdict()

    def fits(self, root: Path) -> bool:
        """Whether ``root`` holds at least one scan (and one mask, where that is needed) of this layout."""
        scan = next(self.matches(root, self.scans), None)
        if scan is None or not self.needs_mask:
            return scan is not None
        return any(next(self.matches(root, rule.template), None) for rule in self.masks)

    def path(self, root: Path, template: str, case: str, phase: Phase, number: int = 1) -> Path:
        """Where this source would put a file."""
        filled = {"case": case, "phase": self.word(phase), "set": (self.sets or ("",))[0], "n": str(number)}
        return root / template.format(**filled)

    def _pattern(self, template: str) -> str:
        kinds = {
            "case": self.case,
            "phase": "|".join(map(re.escape, self.words)),
            "set": "|".join(map(re.escape, self.sets)),
            "n": r"\d+",
        }
        pieces = _HOLES.split(template)
        seen: set[str] = set()
        for i in range(1, len(pieces), 2):
            name = pieces[i]
            pieces[i] = f"(?P={name})" if name in seen else f"(?P<{name}>{kinds[name]})"
            pieces[i - 1] = re.escape(pieces[i - 1])
            seen.add(name)
        pieces[-1] = re.escape(pieces[-1]).replace(re.escape(".nii.gz"), _NIFTI)
        return "".join(pieces)
