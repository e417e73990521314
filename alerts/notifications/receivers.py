"""Receivers as Alertmanager reads them. Secrets stay in files that it reads itself.

Texts are templates of templates/: here stands only which one goes where.
"""

from __future__ import annotations

from typing import Any

from alerts.place import Email, PagerDuty, Place, Receivers, Slack, Webhook

NOTIFICATIONS = "/api/alerts/notifications"
MOST_ALERTS = 100
"""In one message to a webhook; the rest is counted in `truncatedAlerts`."""

Config = dict[str, Any]


def receivers(place: Place) -> list[Config]:
    """Pages go everywhere, tickets not to PagerDuty, the Watchdog only to the backend."""
    backend = Webhook(place.backend + NOTIFICATIONS, place.backend_token_file)
    others = place.receivers
    quiet = Receivers(others.email, others.slack, None, others.webhook)
    return [
        _receiver("page", backend, others),
        _receiver("ticket", backend, quiet),
        {"name": "watchdog", "webhook_configs": [_webhook(backend, resolved=False)]},
    ]


def _receiver(name: str, backend: Webhook, others: Receivers) -> Config:
    webhooks = [backend] + ([others.webhook] if others.webhook else [])
    config: Config = {"name": name, "webhook_configs": [_webhook(each) for each in webhooks]}
    if others.email:
        config["email_configs"] = [_email(others.email)]
    if others.slack:
        config["slack_configs"] = [_slack(others.slack)]
    if others.pagerduty:
        config["pagerduty_configs"] = [_pagerduty(others.pagerduty)]
    return config


def _webhook(webhook: Webhook, *, resolved: bool = True) -> Config:
    config: Config = {
        "url": webhook.url,
        "send_resolved": resolved,
        "max_alerts": MOST_ALERTS,
    }
    if webhook.token_file:
        authorization = {"type": "Bearer", "credentials_file": webhook.token_file}
        config["http_config"] = {"authorization": authorization}
    return config


def _email(email: Email) -> Config:
    config: Config = {
        "to": email.to,
        "from": email.sender,
        "smarthost": email.smarthost,
        "require_tls": email.require_tls,
        "send_resolved": True,
        "headers": {"Subject": _template("nautobs.title")},
        "text": _template("nautobs.email.text"),
        "html": _template("nautobs.email.html"),
    }
    if email.username:
        config["auth_username"] = email.username
        config["auth_password_file"] = email.password_file
    return config


def _slack(slack: Slack) -> Config:
    config: Config = {
        "api_url_file": slack.api_url_file,
        "send_resolved": True,
        "title": _template("nautobs.slack.title"),
        "title_link": _first("nautobs.board_url"),
        "fallback": _template("nautobs.slack.title"),
        "text": _template("nautobs.slack.text"),
        "color": _template("nautobs.slack.color"),
    }
    if slack.channel:
        config["channel"] = slack.channel
    return config


def _pagerduty(pagerduty: PagerDuty) -> Config:
    return {
        "routing_key_file": pagerduty.routing_key_file,
        "url": pagerduty.url,
        "send_resolved": True,
        "description": _template("nautobs.title"),
        "severity": _template("nautobs.pagerduty.severity"),
        "class": "{{ .GroupLabels.alertname }}",
        "component": "{{ .GroupLabels.job }}",
        "group": "{{ .GroupLabels.objective }}",
        "client": "Nautilus observability",
        "client_url": _first("nautobs.board_url"),
        "details": {
            "severity": "{{ .CommonLabels.severity }}",
            "when": _first("nautobs.when"),
            # Alertmanager adds its own texts where these four are not given.
            "firing": _template("nautobs.pagerduty.list", ".Alerts.Firing"),
            "resolved": _template("nautobs.pagerduty.list", ".Alerts.Resolved"),
            "num_firing": "{{ len .Alerts.Firing }}",
            "num_resolved": "{{ len .Alerts.Resolved }}",
        },
        "links": [
            {"text": "Dashboard", "href": _first("nautobs.board_url")},
            {"text": "Traces", "href": _first("nautobs.traces_url")},
            {"text": "Runbook", "href": _first("nautobs.runbook_url")},
            {"text": "Silence", "href": _template("nautobs.silence_url")},
        ],
    }


def _template(name: str, of: str = ".") -> str:
    return f'{{{{ template "{name}" {of} }}}}'


def _first(name: str) -> str:
    """A template of one alert: the first that fires, else the first that ended."""
    return _template(name, "(index (or .Alerts.Firing .Alerts.Resolved) 0)")
