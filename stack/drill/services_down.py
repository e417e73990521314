"""Faults that end a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stack.drill.fault import DEADMAN_ALERT, Expectation, Fault, Inject
from stack.drill.world import World


def down(name: str) -> Inject:
    """The service is killed, and healed once it is ready again."""

    @contextmanager
    def inject(world: World) -> Iterator[None]:
        world.kill(name)
        try:
            yield
        finally:
            if not world.stopping.is_set():
                world.start(name)

    return inject


FAULTS = (
    Fault(
        "drop-trace-store",
        "The trace store is killed",
        down("tracestore"),
        (Expectation("TargetDown", {"job": "tracestore"}),),
        {"SpansDropped": "spans were lost; told once the trace store is back"},
    ),
    Fault(
        "kill-exporter",
        "The exporter is killed: no metric of the platform is read",
        down("exporter"),
        (Expectation("TargetDown", {"job": "nautilus"}),),
        {},
    ),
    Fault(
        "stop-backend",
        "The backend is killed; notifications go to the drill's receiver",
        down("backend"),
        (Expectation("BackendDown", {"job": "nautilus"}),),
        {"AlertmanagerUnhealthy": "its webhook fails; BackendDown silences that from then on"},
    ),
    Fault(
        "kill-alertmanager",
        "Alertmanager is killed: the backend itself must say that nobody would be told",
        down("alertmanager"),
        (Expectation(DEADMAN_ALERT, {}),),
        {
            "PrometheusUnhealthy": "notifications were lost; told when Alertmanager is back",
            "TargetDown": "of Alertmanager itself, told when it is back",
        },
    ),
    Fault(
        "kill-prometheus",
        "Prometheus is killed: nothing is watched, and only the dead-man switch can say so",
        down("prometheus"),
        # Alertmanager holds an alert for four resend delays after it heard of it.
        (Expectation(DEADMAN_ALERT, {}, lead=25.0, mend=10.0),),
        {},
    ),
)
