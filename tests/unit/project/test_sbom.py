"""The bill of materials has every package of the lock file, with its version and hashes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def locked() -> dict[tuple[str, str], set[str]]:
    """Return the hashes of each package and version in `requirements.lock`."""
    pins = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8").strip())
    found = {}
    for pin in pins:
        name, version = re.match(r"([\w.-]+)==([\w.]+)", pin).groups()  # type: ignore[union-attr]
        found[name, version] = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", pin))
    return found


def test_every_package_of_the_lock_file_is_in_it_with_version_and_hashes(tmp_path: Path) -> None:
    path = tmp_path / "sbom.json"
    make = ["make", "--silent", "--old-file=.venv/dev.stamp", "sbom", f"SBOM={path}"]
    subprocess.run(make, cwd=ROOT, check=True, capture_output=True)
    bill = json.loads(path.read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    subject = bill["metadata"]["component"]
    assert (subject["name"], subject["licenses"][0]["license"]["id"]) == ("chainmeet", "AGPL-3.0-or-later")
    assert f'version = "{subject["version"]}"' in (ROOT / "pyproject.toml").read_text("utf-8")
    found = {(each["name"], each["version"]): hashes(each) for each in bill["components"]}
    assert found == locked()
    assert all(each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}" for each in bill["components"])


def hashes(component: dict[str, object]) -> set[str]:
    """Return the hashes of a component's files, which are in its external references."""
    text = json.dumps(component.get("externalReferences", []))
    return set(re.findall(r'"alg": "SHA-256", "content": "([0-9a-f]{64})"', text))
