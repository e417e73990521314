"""The API over parts of the service, for tests that need no others."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend import problems, routes
from backend.services import Services


def services(**parts: Any) -> Services:
    """The parts given; the others are None."""
    return Services(**{**dict.fromkeys(Services.__dataclass_fields__), **parts})


def application(parts: Services) -> FastAPI:
    """The routes and their problems, and nothing else of the service."""
    app = FastAPI()
    app.include_router(routes.api())
    problems.install(app)
    app.state.services = parts
    return app


def client_of(parts: Services, base_url: str = "http://test/api") -> TestClient:
    return TestClient(application(parts), base_url=base_url)
