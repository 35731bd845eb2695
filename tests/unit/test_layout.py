"""The folder rules that no linter checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "pages"
BINARY = {".png", ".ico", ".gz", ".zip", ".parquet", ".arrow", ".feather", ".whl", ".db", ".woff2"}

# Written so that no pattern matches its own text.
SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a password hash": r"\$argon2id?\$v=19\$m=\d+,t=\d+,p=\d+\$\w{8}",
    "a cloud key": r"\bAKIA[0-9A-Z]{16}\b",
    "a model provider's key": r"\bsk-[A-Za-z0-9_-]{20,}",
    "a code host's token": r"\bgh[pousr]_[A-Za-z0-9]{30,}",
    "a chat token": r"\bxox[abp]-[A-Za-z0-9-]{10,}",
    "a webhook address": r"/api/webhooks/\d{15,}/[\w-]{30,}",
    "an access token": r"\bEAA[A-Za-z0-9]{40,}",
    "a signed token": r"\beyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}",
    "a secret in an assignment": r"(?i)(?:secret|token|password|api_?key)\w*[\"']?\s*[:=]\s*"
    r"[\"'](?=[^\"']*\d)(?=[^\"']*[a-zA-Z])[\w+/=-]{24,}[\"']",
}
MACHINE = {
    "a package registry": r"(?i)\b(?:pypi|pythonhosted|npmjs)\.org|\b(?:crates|docker)\.io/",
    "an index option": r"--(?:extra-)?index-url[= ]|--find[-]links",
    "a path of one machine": r"(?<![\w.}$*-])/(?:work|root|home|Users|opt)/\w",
}


def tracked() -> list[Path]:
    """Return what git would ship; outside a checkout, everything but hidden and generated files."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [
            ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()
        ]
    return [p for p in ROOT.rglob("*") if p.is_file() and ".venv" not in p.parts]


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.suffix not in BINARY and path.stat().st_size < 2_000_000:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8", errors="replace")


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def too_long(paths: Iterator[Path], limit: int) -> dict[str, int]:
    return {str(p.relative_to(ROOT)): n for p in paths if (n := length(p)) > limit}


def findings(patterns: dict[str, str]) -> list[str]:
    return [
        f"{path}:{text.count(chr(10), 0, hit.start()) + 1}: {what}"
        for path, text in texts()
        for what, pattern in patterns.items()
        for hit in re.finditer(pattern, text)
    ]


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            yield node


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_no_page_hides_a_standard_library_module() -> None:
    """Streamlit puts pages/ first on sys.path, so pages/queue.py would replace `queue`."""
    assert not {page.stem for page in PAGES.glob("*.py")} & set(sys.stdlib_module_names)


def test_every_page_is_in_the_navigation_and_nothing_else() -> None:
    listed = [call.args[0] for call in calls(parsed(PAGES / "main.py"), "st.Page")]
    names = {arg.value for arg in listed if isinstance(arg, ast.Constant)}

    assert names == {page.name for page in PAGES.glob("*.py")} - {"__init__.py", "main.py"}


def test_there_is_no_pages_folder_below_pages() -> None:
    """Streamlit would serve its files without the navigation (docs/decisions/0004)."""
    assert not (PAGES / "pages").exists()


def test_the_app_is_a_literal_that_streamlit_finds() -> None:
    """A factory is not found: app.py would run as a plain script, without gate or lifespan."""
    assigned = [node for node in parsed(ROOT / "app.py").body if isinstance(node, ast.Assign)]
    values = [node.value for node in assigned if ast.unparse(node.targets[0]) == "app"]

    assert [ast.unparse(v.func) for v in values if isinstance(v, ast.Call)] == ["st.App"]


def test_no_page_imports_the_app() -> None:
    """Under `python app.py` that would make a second one."""
    for page in PAGES.rglob("*.py"):
        source = page.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(?:import app\b|from app import)", source, re.MULTILINE), page


def test_the_entry_point_is_short() -> None:
    assert length(ROOT / "app.py") <= 60


def test_pages_are_short() -> None:
    assert not too_long(PAGES.rglob("*.py"), 150)


def test_modules_are_short() -> None:
    assert not too_long((ROOT / "core").rglob("*.py"), 300)


@pytest.mark.parametrize("folder", ["core", "pages"])
def test_nothing_sleeps_the_engine_waits(folder: str) -> None:
    sleepers = [p for p in (ROOT / folder).rglob("*.py") if any(calls(parsed(p), "time.sleep"))]

    assert not sleepers


def test_every_package_can_be_imported_by_its_name() -> None:
    """A folder without __init__.py escapes import-linter and mypy."""
    folders = {p.parent for name in ("core", "pages") for p in (ROOT / name).rglob("*.py")}

    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_no_secret_is_in_the_repository() -> None:
    assert not findings(SECRETS)


def test_no_registry_and_no_machine_is_named() -> None:
    assert not findings(MACHINE)


def test_every_decision_says_when_why_and_what_it_costs() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))

    assert records
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8")
        for part in ("Status:", "## Context", "## Decision", "## Consequences", "## Alternatives"):
            assert part in text, f"{record.name} lacks {part}"
        assert len(text.splitlines()) <= 60, f"{record.name} is longer than a page"


def test_ten_chart_colours_in_each_palette() -> None:
    """Streamlit pads a shorter list with `undefined`, and figures fall back to another blue."""
    config = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    palettes = re.findall(r"chartCategoricalColors = \[(.*?)\]", config, re.DOTALL)

    assert [len(re.findall(r"#[0-9A-Fa-f]{6}", palette)) for palette in palettes] == [10, 10]
