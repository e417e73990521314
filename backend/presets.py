"""Descriptions of well-known file formats; a dataset names one and adds its instrument.

Every key of a preset can be overridden in the dataset. Columns hold alternatives: the first that
a file has is taken, so that one preset reads a vendor's archives and captures of its streams.
"""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # tardis.dev downloadable files, https://docs.tardis.dev/downloadable-csv-files
    "tardis.trades": {
        "kind": "trade",
        "columns": {
            "ts_event": "timestamp",
            "price": "price",
            "size": "amount",
            "trade_id": "id",
        },
        "time": {"unit": "us"},
        "aggressor": {
            "column": "side",
            "BUYER": ["buy"],
            "SELLER": ["sell"],
            "NO_AGGRESSOR": ["unknown"],
        },
    },
    "tardis.quotes": {
        "kind": "quote",
        "columns": {
            "ts_event": "timestamp",
            "bid_price": "bid_price",
            "ask_price": "ask_price",
            "bid_size": "bid_amount",
            "ask_size": "ask_amount",
        },
        "time": {"unit": "us"},
    },
    # Archives of data.binance.vision (spot and futures) and raw websocket messages. Archives count
    # milliseconds until 2024 and microseconds since, hence `auto`.
    "binance.trades": {
        "kind": "trade",
        "columns": {
            "ts_event": ["T", "time", "transact_time"],
            "price": ["p", "price"],
            "size": ["q", "qty", "quantity"],
            "trade_id": ["t", "id", "trade_id", "agg_trade_id", "a"],
        },
        "time": {"unit": "auto"},
        # The buyer being the maker means that the taker sold.
        "aggressor": {
            "column": ["m", "isBuyerMaker", "is_buyer_maker"],
            "BUYER": [False],
            "SELLER": [True],
        },
    },
    "binance.quotes": {
        "kind": "quote",
        "columns": {
            "ts_event": ["T", "transaction_time", "E", "event_time"],
            "bid_price": ["b", "best_bid_price"],
            "ask_price": ["a", "best_ask_price"],
            "bid_size": ["B", "best_bid_qty"],
            "ask_size": ["A", "best_ask_qty"],
        },
        "time": {"unit": "auto"},
    },
}
