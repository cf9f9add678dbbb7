"""The page as one file: template, style, script and viewer put together."""

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .page import Context  # which imports all that the report is made of

_NIIVUE = "assets/niivue-0.69.0.umd.js"


def render(context: "Context") -> str:
    """The whole page; nothing in it is loaded from elsewhere."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _read(f"templates/{name}")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        **context,
        style=Markup(style()),
        script=Markup(_read("templates/viewer.js")),
        niivue=Markup(_read(_NIIVUE)),
        viewer_json=Markup(_script_json(context["viewer"])),
    )


def style() -> str:
    """The style sheet, which other pages of ours share."""
    return _read("templates/report.css")


def _script_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
