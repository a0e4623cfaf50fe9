"""Examples of requests and answers for the description: a test sends and validates each."""

from __future__ import annotations

from typing import Any

from serving.events.payloads import EXAMPLE as EVENTS

__all__ = ["ANSWER_EXAMPLES", "REQUEST_EXAMPLES"]

_WORDS = {"en": "Waits are long.", "zh": "等待时间长。"}

REQUEST_EXAMPLES: dict[str, Any] = {
    "/predict_churn": {"rows": [{"customer_id": "C000001"}, {"features": {"csat__90d": 2.5}}], "explain": True},
    "/predict_decline": {"rows": [{"unit": "team", "unit_id": "T01"}], "explain": False},
    "/recommend_weights": {"team_id": "T01", "policy": {"max_change": 5}},
    "/recommend_coaching": {"team_id": "T01"},
    "/simulate_weights": {"team_id": "T01", "weights": {"wait_seconds": 60, "first_contact_resolution": 40}},
    "/classify_complaints": {"texts": ["the refund that was promised has not arrived", "账单又多扣了钱"]},
    "/assess_conversation": {
        "turns": [{"speaker": "customer", "text": "Third time I ask. You promised a refund, I am cancelling."}],
        "customer_id": "C000001",
    },
    "/live_kpis": {"team_id": "T01"},
    "/events": EVENTS,
}
"""By path, what may be sent."""

ANSWER_EXAMPLES: dict[str, Any] = {
    "/predict_churn": {
        "model": "churn/3",
        "as_of": "2026-07-01T00:00:00Z",
        "informative": True,
        "rows": [
            {
                "customer_id": "C000001",
                "probability": 0.021,
                "drivers": [{"kpi": "tenure_days", "value": 1644.6, "attribution": -0.41}],
            },
            {"customer_id": "C999999", "probability": None, "error": "no customer with this id is at risk at …"},
        ],
    },
    "/live_kpis": {
        "team_id": "T01",
        "as_of": "2026-07-02T00:00:00Z",
        "live": {
            "run_as_of": "2026-07-01T00:00:00Z",
            "until": {"cases": "2026-07-01T09:12:00Z"},
            "events": {"cases": 2},
        },
        "kpis": [
            {
                "kpi": "csat",
                "name": {"en": "Service rating", "zh": "服务评分"},
                "unit": "points",
                "better": "higher",
                "today": 2.0,
                "windows": {"30": 3.9, "90": 4.0},
                "n": 412,
            }
        ],
    },
    "/predict_decline": {
        "model": "decline:team:csat/1",
        "as_of": "2026-07-01T00:00:00Z",
        "informative": True,
        "rows": [{"unit": "team", "unit_id": "T01", "metric": "csat", "informative": True, "probability": 0.31}],
    },
    "/recommend_weights": {
        "rows": [
            {
                "team_id": "T01",
                "role": "agent",
                "kpi": "wait_seconds",
                "current_weight": 30.0,
                "recommended_weight": 25.0,
                "verdict": "lower",
                "reason": _WORDS,
            }
        ]
    },
    "/recommend_coaching": {
        "rows": [
            {
                "team_id": "T01",
                "employee_id": None,
                "level": "team",
                "kpi": "wait_seconds",
                "action": "call_back",
                "evidence": ["K0000001"],
                "reason": _WORDS,
            }
        ]
    },
    "/simulate_weights": {
        "team_id": "T01",
        "role": "agent",
        "expected": 3.1,
        "low": -0.4,
        "high": 6.8,
        "basis": "scenario",
        "breaches": [],
    },
    "/classify_complaints": {
        "model": "root_cause/run",
        "rows": [
            {
                "cause": "refund_missing",
                "main_cause": "billing",
                "probability": 0.97,
                "abstained": False,
                "second_cause": "wrong_amount",
                "language": "en",
                "reason": "",
            }
        ],
    },
    "/assess_conversation": {
        "risk": 0.86,
        "level": "critical",
        "signals": [
            {
                "signal": "threat_to_leave",
                "name": {"en": "May leave", "zh": "有离开的表示"},
                "probability": 0.93,
                "turn": 0,
                "quote": "Third time I ask. …",
            }
        ],
        "advice": [{"en": "Ask what would make the customer stay.", "zh": "询问怎样才能让客户留下。"}],
        "mended": False,
        "customer": {"customer_id": "C000001", "churn_probability": 0.021},
    },
    "/events": {
        "kept": 1,
        "known": 1,
        "events": [{"event_id": "crm-81723", "state": "kept"}, {"event_id": "survey-5512", "state": "known"}],
    },
}
"""By path, what may be answered."""
