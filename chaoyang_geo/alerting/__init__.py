"""Alerts with memory: what is new, what goes on, what is over, what comes close."""

from chaoyang_geo.alerting.memory import AlertState as AlertState
from chaoyang_geo.alerting.memory import read_alert_state as read_alert_state
from chaoyang_geo.alerting.memory import write_alert_state as write_alert_state
from chaoyang_geo.alerting.run import advance_alerts as advance_alerts
from chaoyang_geo.alerting.run import alerts as alerts
from chaoyang_geo.alerting.run import rebuild_alerts as rebuild_alerts
