"""Configurations of servers: YAML files with destinations and journeys."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from harness.adapters.contract_files import contract_of
from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.adapters.server_settings import ServerSettings, parse_server_settings
from harness.adapters.yaml_files import read_document
from harness.core.contract import Contract
from harness.core.documents import Document
from harness.core.scenario.setup import Setup, parse_setup, refuse_unknown_bodies
from harness.core.scenario.substitution import substituted


def load_config(path: Path) -> tuple[Setup, Contract]:
    """What the file at `path` sets up, and the contract that it names; a contract's path is taken from its folder.

    `${env.NAME}` in the file stands for a variable of the environment; what comes over HTTP never does.
    Raises DocumentError or DocumentErrors, with place and remedy.
    """
    config = load_server_config(path)
    return config.setup, config.contract


class ServerConfig(Struct, frozen=True, kw_only=True):
    """All that a configuration says."""

    setup: Setup
    contract: Contract
    settings: ServerSettings


def load_server_config(path: Path) -> ServerConfig:
    """All that the file at `path` says, with what holds for the server as a whole."""
    document = read_document(path)
    if isinstance(document.data, dict):
        document = substituted(document, {}, os.environ)
    setup, contract = read_config(document, path.parent)
    settings = parse_server_settings(document, path.parent)
    return ServerConfig(setup=setup, contract=contract, settings=settings)


def read_config(document: Document, folder: Path) -> tuple[Setup, Contract]:
    """The same for a document that lies in `folder`."""
    setup = parse_setup(document, own_schema("config"), make_crowd)
    contract = contract_of(document, folder)
    refuse_unknown_bodies(document, setup.destinations, contract)
    return setup, contract
