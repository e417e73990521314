"""PromQL from metric specs, and back; shared by dashboards and alerts."""
