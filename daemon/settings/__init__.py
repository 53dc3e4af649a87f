"""settings.yaml + environment + secrets → frozen, typed settings, read again after an edit."""

from daemon.settings.configuration import Configuration, load, validate
from daemon.settings.edited import SettingsFile
from daemon.settings.places import find_file, service_folder, state_path
from daemon.settings.schema import Settings
from daemon.settings.secrets import Secrets

__all__ = [
    "Configuration",
    "Secrets",
    "Settings",
    "SettingsFile",
    "find_file",
    "load",
    "service_folder",
    "state_path",
    "validate",
]
