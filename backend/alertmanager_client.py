"""Reads alerts and sets silences at Alertmanager, by its API v2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from backend.alert_models import (
    ActiveAlert,
    ActiveAlerts,
    NewSilence,
    Silence,
    SilenceCreated,
    State,
)
from backend.errors import Invalid, NotFound, Unavailable
from backend.upstream import ANSWER_SECONDS, MAX_BYTES, Answer, Upstream

_URGENCY = ("firing", "pending", "inhibited", "silenced")
_SEVERITIES = ("page", "ticket")

T = TypeVar("T")


class _Camel(BaseModel):
    """Alertmanager's own objects; keys that are not named here are ignored."""

    model_config = ConfigDict(alias_generator=to_camel)


class _Status(_Camel):
    state: str
    silenced_by: list[str] = Field(default_factory=list)
    inhibited_by: list[str] = Field(default_factory=list)


class _Receiver(_Camel):
    name: str


class _Alert(_Camel):
    labels: dict[str, str]
    annotations: dict[str, str]
    status: _Status
    receivers: list[_Receiver]
    fingerprint: str
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    generator_url: str = Field(default="", alias="generatorURL")

    @property
    def state(self) -> State:
        if self.status.state == "active":
            return "firing"
        if self.status.state == "unprocessed":
            return "pending"
        only_inhibited = self.status.inhibited_by and not self.status.silenced_by
        return "inhibited" if only_inhibited else "silenced"

    def shown(self) -> ActiveAlert:
        own = self.model_dump(exclude={"status", "receivers"})
        return ActiveAlert(
            **own,
            name=self.labels.get("alertname", ""),
            severity=self.labels.get("severity", ""),
            state=self.state,
            receivers=[receiver.name for receiver in self.receivers],
            silenced_by=self.status.silenced_by,
            inhibited_by=self.status.inhibited_by,
        )


class _Matcher(_Camel):
    name: str
    value: str
    is_regex: bool
    is_equal: bool = True


class _Silence(_Camel):
    id: str
    status: _Status
    matchers: list[_Matcher]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str

    def shown(self) -> Silence:
        own = self.model_dump(exclude={"id", "status"})
        return Silence(**own, silence_id=self.id, state=self.status.state)  # type: ignore[arg-type]


class _Created(_Camel):
    silence_id: str = Field(alias="silenceID")


_ALERTS = TypeAdapter(list[_Alert])
_SILENCES = TypeAdapter(list[_Silence])
_CREATED = TypeAdapter(_Created)


def _urgency(alert: ActiveAlert) -> tuple[int, int, float]:
    rank = _SEVERITIES.index(alert.severity) if alert.severity in _SEVERITIES else len(_SEVERITIES)
    return _URGENCY.index(alert.state), rank, -alert.starts_at.timestamp()


class AlertmanagerClient:
    """The calls of Alertmanager, within bounds of time and size. Raises DomainErrors."""

    def __init__(
        self, url: str, answer_seconds: float = ANSWER_SECONDS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._upstream = Upstream(
            "Alertmanager", url, "ALERTMANAGER_URL", answer_seconds, max_bytes
        )
        self.url = self._upstream.url

    async def alerts(self, state: State | None, limit: int) -> ActiveAlerts:
        """Alerts in that state, or in any."""
        answer = await self._upstream.call("GET", "/api/v2/alerts")
        found = [alert.shown() for alert in self._read(_ALERTS, answer)]
        wanted = sorted((a for a in found if state in (None, a.state)), key=_urgency)
        return ActiveAlerts(alerts=wanted[:limit], total=len(wanted))

    async def silences(self) -> list[Silence]:
        """Those that have not ended; the one that ends next comes first."""
        answer = await self._upstream.call("GET", "/api/v2/silences")
        found = [silence.shown() for silence in self._read(_SILENCES, answer)]
        return sorted((s for s in found if s.state != "expired"), key=lambda s: s.ends_at)

    async def silence(self, wanted: NewSilence) -> SilenceCreated:
        """Set a silence. Raises Invalid for matchers that Alertmanager refuses."""
        now = datetime.now(UTC)
        ends = now + timedelta(seconds=wanted.duration_seconds)
        body = {
            "matchers": [
                {"name": m.name, "value": m.value, "isRegex": m.is_regex, "isEqual": m.is_equal}
                for m in wanted.matchers
            ],
            "startsAt": now.isoformat(), "endsAt": ends.isoformat(),
            "createdBy": wanted.created_by, "comment": wanted.comment,
        }  # fmt: skip
        answer = await self._upstream.call("POST", "/api/v2/silences", json=body)
        if answer.status in (400, 422):
            raise Invalid(f"Alertmanager refuses the silence: {answer.said}", field="matchers")
        created = self._read(_CREATED, answer)
        return SilenceCreated(silence_id=created.silence_id, ends_at=ends)

    async def end_silence(self, silence_id: str) -> None:
        """End a silence now; one that has ended stays so. Raises NotFound."""
        answer = await self._upstream.call("DELETE", f"/api/v2/silence/{silence_id}")
        if answer.good or (answer.status == 500 and "expired" in answer.said):
            return
        if answer.status == 404 or (answer.status == 500 and "not found" in answer.said):
            # Alertmanager 0.25 answers 500 for a silence that it does not know.
            raise NotFound(f"no silence {silence_id}", field="silence_id")
        raise self._upstream.refusal(answer)

    async def close(self) -> None:
        await self._upstream.close()

    def _read(self, kind: TypeAdapter[T], answer: Answer) -> T:
        if not (answer.good and answer.json):
            raise self._upstream.refusal(answer)
        try:
            return kind.validate_json(answer.body)
        except ValidationError as error:
            raise Unavailable(
                f"what is at {self.url} does not answer as Alertmanager does: "
                f"{error.error_count()} errors, first {error.errors()[0]['msg']}",
                hint="ALERTMANAGER_URL names it",
            ) from error
