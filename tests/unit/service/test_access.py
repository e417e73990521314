"""Who may call the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect

from backend.access import (
    COOKIE,
    COOKIE_SECONDS,
    POLICY_VIOLATION,
    Access,
    AccessControl,
    TokenError,
    is_loopback,
    read_token,
)
from backend.routes.session import router

TOKEN = "a-token-of-many-letters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SITE = "http://127.0.0.1:8000"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def service(
    token: str | None = TOKEN, *, protect_reads: bool = False, clock: Clock | None = None
) -> TestClient:
    """A service with one thing to read and to write, the session's routes, and open doors."""
    app = FastAPI()
    app.state.access = Access(token, protect_reads=protect_reads, clock=clock or Clock())
    app.add_middleware(AccessControl, access=app.state.access)

    @app.get("/api/thing")
    @app.post("/api/thing")
    @app.delete("/api/thing")
    @app.get("/api/runbooks/Alert")
    @app.post("/api/runbooks/Alert")
    @app.get("/api/health")
    @app.post("/api/vitals")
    @app.get("/")
    def answer() -> str:
        return "done"

    app.include_router(router, prefix="/api")

    @app.websocket("/api/socket")
    async def socket(connection: WebSocket) -> None:
        await connection.accept()
        await connection.send_text("hello")

    return TestClient(app, base_url=SITE)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_writes_need_the_token(method: str) -> None:
    """The refusal is a problem document that says how to bring it."""
    client = service()
    refused = client.request(method, "/api/thing")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "Authorization: Bearer" in refused.json()["detail"]
    assert client.request(method, "/api/thing", headers=BEARER).status_code == 200


@pytest.mark.parametrize(("protect_reads", "status"), [(False, 200), (True, 401)])
def test_reads_need_it_where_the_network_can_ask(protect_reads: bool, status: int) -> None:
    """On loopback whoever asks sits at this machine."""
    client = service(protect_reads=protect_reads)
    assert client.get("/api/thing").status_code == status
    assert client.get("/api/thing", headers=BEARER).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/health"), ("POST", "/api/vitals"),
                                              ("GET", "/api/session"), ("GET", "/"),
                                              ("GET", "/api/runbooks/Alert")])  # fmt: skip
def test_some_doors_are_always_open(method: str, path: str) -> None:
    """Health, vitals, runbooks, the question whether a token is needed, the console's files."""
    assert service(protect_reads=True).request(method, path).status_code == 200


def test_without_a_token_nothing_is_refused() -> None:
    """The service then listens on loopback only."""
    assert service(None).post("/api/thing").status_code == 200


@pytest.mark.parametrize(
    "header",
    ["", TOKEN, "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ü"],
)
def test_anything_but_the_token_is_refused(header: str) -> None:
    """Also what is not ASCII, which a comparison in constant time would choke on."""
    headers = {"Authorization": header.encode()}
    assert service().post("/api/thing", headers=headers).status_code == 401


def test_the_console_trades_the_token_for_a_cookie() -> None:
    """No script can read it, no other site can have it sent, and it ends."""
    clock = Clock()
    client = service(protect_reads=True, clock=clock)
    assert client.post("/api/session").status_code == 401
    set_cookie = client.post("/api/session", headers=BEARER).headers["set-cookie"]
    assert "HttpOnly" in set_cookie
    assert "SameSite=strict" in set_cookie
    assert TOKEN not in set_cookie
    assert client.get("/api/session").json() == {"required": True, "signed_in": True}
    assert client.post("/api/thing").status_code == 200
    clock.now += COOKIE_SECONDS
    assert client.post("/api/thing").status_code == 401


def test_signing_out_forgets_the_cookie() -> None:
    """The browser drops it."""
    client = service(protect_reads=True)
    client.post("/api/session", headers=BEARER)
    client.delete("/api/session")
    assert client.get("/api/session").json() == {"required": True, "signed_in": False}
    assert client.get("/api/thing").status_code == 401


@given(st.text(alphabet="0123456789abcdef.-²é", max_size=80))
def test_a_cookie_that_we_did_not_sign_is_worth_nothing(value: str) -> None:
    """Whatever it holds, it neither opens nor breaks anything."""
    assert not Access(TOKEN, protect_reads=True, clock=Clock()).accepts_cookie(value)


def test_a_cookie_with_a_later_expiry_is_not_ours() -> None:
    """The signature covers it."""
    access = Access(TOKEN, protect_reads=True, clock=Clock())
    expires, _, signature = access.new_cookie().partition(".")
    assert not access.accepts_cookie(f"{int(expires) + 1}.{signature}")


def test_another_token_ends_all_sessions() -> None:
    """Who replaces the token wants everybody out."""
    value = Access(TOKEN, protect_reads=True, clock=Clock()).new_cookie()
    assert not Access(TOKEN * 2, protect_reads=True, clock=Clock()).accepts_cookie(value)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:8001"}, 403),
        ({"Origin": SITE}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
def test_pages_of_other_sites_cannot_write(headers: dict[str, str], status: int) -> None:
    """Also where no token is asked for: a page in the user's browser reaches loopback."""
    assert service(None).post("/api/thing", headers=headers).status_code == status
    assert service(None).get("/api/thing", headers=headers).status_code == 200


def test_a_name_that_leads_to_this_machine_is_another_site_all_the_same() -> None:
    """Whose name resolves to 127.0.0.1 has pages of the same origin, and no token to know."""
    rebound = {"Origin": "http://evil.example:8000", "Host": "evil.example:8000"}
    assert service(None).post("/api/thing", headers=rebound).status_code == 403


def test_a_proxy_may_have_a_name_where_there_is_a_token() -> None:
    """The token is what its pages must know."""
    named = {"Origin": "https://nautobs.example", "Host": "nautobs.example"}
    assert service().post("/api/thing", headers={**named, **BEARER}).status_code == 200
    assert service().post("/api/thing", headers=named).status_code == 401


@pytest.mark.parametrize("other", ['a={"b": "c d"}', "flag", "a=b c", "ü=ü"])
def test_cookies_of_other_services_do_not_hide_ours(other: str) -> None:
    """A browser sends those of every port of a host, and some are malformed."""
    clock = Clock()
    value = Access(TOKEN, protect_reads=True, clock=clock).new_cookie()
    headers = {"Cookie": f"{other}; {COOKIE}={value}; {other}".encode("latin-1")}
    client = service(protect_reads=True, clock=clock)
    assert client.get("/api/thing", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["//api/thing", "/api//thing", "/API/thing", "/api/thing/", "/api/%74hing", "/%61pi/thing",
     "/api/health/../thing", "/api/runbooks/../thing", "/api/runbooks/..%2Fthing",
     "/api/runbooks/%2E%2E/thing", "/api/session/../thing", "/api/vitals/../thing",
     "/api/vitals%2F..%2Fthing", "/api/thing?/api/health", "/api/thing;/api/health"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_spelling_of_a_path_is_a_way_around(method: str, path: str) -> None:
    """What is checked is what is routed: a path is open or finds the thing, never both."""
    client = service(protect_reads=True)
    status = client.request(method, path, follow_redirects=False).status_code
    assert status in (401, 404, 405), status


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "get", ""])
def test_what_is_no_known_read_is_a_write(method: str) -> None:
    """Where reads are open too."""
    access = Access(TOKEN, protect_reads=False, clock=Clock())
    refused = access.refusal(method, "/api/thing", {})
    assert refused is not None
    assert refused[0] == 401


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_other_reads_are_reads(method: str) -> None:
    """Protected with them."""
    assert service(protect_reads=True).request(method, "/api/thing").status_code == 401
    assert service().request(method, "/api/thing").status_code == 405


@pytest.mark.parametrize("path", ["/api/health", "/api/session"])
def test_a_door_that_is_open_to_get_is_open_to_head(path: str) -> None:
    """A load balancer may ask for the status alone; writes to the same address stay closed."""
    access = Access(TOKEN, protect_reads=True, clock=Clock())
    assert access.refusal("HEAD", path, {}) is None
    assert access.refusal("HEAD", "/api/vitals", {}) is not None
    assert access.refusal("PUT", path, {}) is not None


def test_no_websocket_is_opened() -> None:
    """Browsers open them for pages of any site; the service has none to offer."""
    with (
        pytest.raises(WebSocketDisconnect) as raised,
        service(None).websocket_connect("/api/socket"),
    ):
        pass
    assert raised.value.code == POLICY_VIOLATION


def test_garbage_in_the_cookie_header_is_no_session() -> None:
    """And no error of the server."""
    headers = {"Cookie": f"{COOKIE}=\x01; ]]=[["}
    assert service(protect_reads=True).get("/api/thing", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"short", "16 characters"), (b"", "16 characters"),
     (b"with a space in the middle", "16 characters"), (b"\xff" * 20, "ASCII")],
)  # fmt: skip
def test_a_token_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    """With the variable, the file, and what is wrong."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TokenError, match=words) as raised:
        read_token(path)
    assert f"API_TOKEN_FILE={path}" in str(raised.value)


def test_the_token_is_read_without_the_line_end(tmp_path: Path) -> None:
    """Editors add one."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
     ("10.0.0.1", False), ("::", False), ("backend", False)],
)  # fmt: skip
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    """A name that is not known to be loopback is not."""
    assert is_loopback(host) == expected
