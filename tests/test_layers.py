"""The layer contract of pyproject.toml names every package of the repository, in one order."""

import tomllib

from django.conf import settings

from crm.management.commands.messages import own_packages

NOT_LAYERS = {"bench", "tests"}


def contract() -> dict:
    return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def test_every_package_has_its_place_in_the_layers() -> None:
    folders = {path.parent.name for path in settings.BASE_DIR.glob("*/__init__.py")} - NOT_LAYERS
    assert sorted(contract()["contracts"][0]["layers"]) == sorted(folders)
    assert sorted(contract()["root_packages"]) == sorted(folders)


def test_every_package_is_an_installed_app_and_is_tested() -> None:
    folders = sorted({path.parent.name for path in settings.BASE_DIR.glob("*/__init__.py")} - NOT_LAYERS)
    assert own_packages() == folders
    testpaths = next(line for line in (settings.BASE_DIR / "pytest.ini").read_text().splitlines() if line.startswith("testpaths"))
    assert sorted(testpaths.partition("=")[2].split()) == sorted([*folders, *NOT_LAYERS])
