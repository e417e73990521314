"""What the API takes and gives about alerts, silences and notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from backend.models import Strict

LONGEST_SILENCE = 30 * 86400
LONGEST_VALUE = 10_000
"""Characters of a label or an annotation that are kept."""

State = Literal["firing", "pending", "inhibited", "silenced"]


class ActiveAlert(BaseModel):
    """An alert that Alertmanager has now."""

    fingerprint: str
    name: str
    severity: str
    state: State = Field(
        description="firing: somebody is told; pending: not yet; inhibited, silenced: nobody is"
    )
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime = Field(description="when it counts as resolved unless it is heard of again")
    updated_at: datetime
    generator_url: str = Field(description="the expression in Prometheus")
    receivers: list[str]
    silenced_by: list[str] = Field(description="ids of silences")
    inhibited_by: list[str] = Field(description="fingerprints of alerts")


class ActiveAlerts(BaseModel):
    """What is wrong now: firing first, pages before tickets, the newest first."""

    alerts: list[ActiveAlert]
    total: int = Field(description="of alerts that match, of which `alerts` holds the first")


class Matcher(Strict):
    """Which value of a label is meant."""

    name: str = Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=100)
    value: str = Field(max_length=1_000)
    is_regex: bool = False
    is_equal: bool = Field(default=True, description="false: any other value")


class NewSilence(Strict):
    """Alerts that match all of `matchers` tell nobody for `duration_seconds` from now."""

    matchers: list[Matcher] = Field(min_length=1, max_length=20)
    duration_seconds: int = Field(ge=60, le=LONGEST_SILENCE)
    created_by: str = Field(min_length=1, max_length=100, pattern=r"\S", description="who")
    comment: str = Field(min_length=1, max_length=1_000, pattern=r"\S", description="why")


class Silence(BaseModel):
    """A silence as Alertmanager has it."""

    silence_id: str
    state: Literal["active", "pending", "expired"]
    matchers: list[Matcher]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str


class SilenceCreated(BaseModel):
    """Ask `DELETE /api/alerts/silences/{silence_id}` to end it."""

    silence_id: str
    ends_at: datetime


# Alertmanager's webhook ---------------------------------------------------------------------------


def _shortened(values: dict[str, str]) -> dict[str, str]:
    """What is kept stays small; refusing it would lose the notification."""
    return {name: value[:LONGEST_VALUE] for name, value in values.items()}


Text = Annotated[str, Field(min_length=0)]
"""With any bound pydantic refuses halves of surrogate pairs, which nothing can keep."""
Texts = Annotated[dict[Text, Text], AfterValidator(_shortened)]


class _FromAlertmanager(BaseModel):
    """Its keys are in camel case; later versions may send more of them."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class WebhookAlert(_FromAlertmanager):
    """One alert of a group."""

    status: Literal["firing", "resolved"]
    labels: Texts
    annotations: Texts = Field(default_factory=dict)
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = Field(default=None, description="year 1 while it fires")
    generator_url: Text = Field(default="", alias="generatorURL")
    fingerprint: str = Field(min_length=1, max_length=64, pattern="^[0-9a-f]+$")

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")


class Webhook(_FromAlertmanager):
    """What Alertmanager posts for a group of alerts (version 4)."""

    version: Literal["4"]
    group_key: str = Field(max_length=LONGEST_VALUE)
    receiver: str = Field(max_length=1_000)
    status: Literal["firing", "resolved"]
    external_url: str = Field(default="", alias="externalURL", max_length=LONGEST_VALUE)
    truncated_alerts: int = Field(default=0, ge=0, description="alerts left out of `alerts`")
    alerts: list[WebhookAlert] = Field(max_length=10_000)


class Notification(BaseModel):
    """What somebody was told of one alert: that it fires, or that it is over."""

    id: int = Field(description="grows with each notification")
    fingerprint: str = Field(description="the same for an alert that fires again")
    status: Literal["firing", "resolved"]
    name: str
    severity: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None = Field(description="null while it fires")
    generator_url: str = Field(description="the expression in Prometheus")
    receiver: str
    group_key: str
    alertmanager_url: str
    received_at: datetime = Field(description="first time")
    last_received_at: datetime
    times: int = Field(description="how often Alertmanager sent it")


class NotificationPage(BaseModel):
    """Notifications, newest first."""

    items: list[Notification]
    next_cursor: str | None = Field(description="for the page after this; null on the last")
