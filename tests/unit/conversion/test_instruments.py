"""Instruments as the catalog gets them."""

import pytest

from backend.conversion.layout import safe_id
from backend.errors import Conflict
from backend.instruments import InstrumentSpec, build, ensure_written

PAIR = {
    "instrument_id": "EUR/USD.SIM", "instrument": "currency_pair", "quote_currency": "USD",
    "price_precision": 5, "size_precision": 2,
}  # fmt: skip
TYPES = {
    "currency_pair": PAIR,
    "crypto_perpetual": PAIR | {
        "instrument_id": "ENJUSD-PERP.SIM", "instrument": "crypto_perpetual",
        "base_currency": "ENJ", "settlement_currency": "USD", "multiplier": "0.5",
    },
    "futures_contract": PAIR | {
        "instrument_id": "ESZ4.SIM", "instrument": "futures_contract", "size_precision": 0,
        "multiplier": 50, "underlying": "ES", "asset_class": "INDEX",
        "activation": "2024-01-01", "expiration": "2024-12-20T14:30:00Z",
    },
    "equity": PAIR | {
        "instrument_id": "AAPL.SIM", "instrument": "equity", "size_precision": 0,
        "price_precision": 2,
    },
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write(**fields):
        spec = InstrumentSpec.model_validate(PAIR | fields)
        return ensure_written(tmp_path, tmp_path / "records", tmp_path / "aside", spec)

    return write


def present(catalog):
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    return ParquetDataCatalog(str(catalog)).instruments()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_type_survives_the_catalog(tmp_path, kind):
    """What is read back is what the description says."""
    spec = InstrumentSpec.model_validate(TYPES[kind])
    ensure_written(tmp_path, tmp_path / "records", tmp_path / "aside", spec)
    (found,) = present(tmp_path)
    assert type(build(spec)).to_dict(build(spec)) == type(found).to_dict(found)
    assert (spec.instrument_id, spec.price_precision, spec.size_precision) == (
        str(found.id), found.price_precision, found.size_precision,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("instrument_id", "quote", "base"),
    [
        ("EUR/USD.SIM", "USD", "EUR"),
        ("BTCUSDT.BINANCE", "USDT", "BTC"),
        ("BTCUSDT-PERP.BINANCE", "USDT", "BTC"),
        ("SUSHI/USDT.PHEMEX", "USDT", "SUSHI"),
    ],
)
def test_the_base_currency_shows_in_the_symbol(instrument_id, quote, base):
    """A pair's symbol without its quote currency is its base."""
    fields = PAIR | {"instrument_id": instrument_id, "quote_currency": quote}
    assert base == InstrumentSpec.model_validate(fields).base_currency


def test_an_instrument_is_written_once(tmp_path, write):
    """The second time the file stays untouched."""
    path = tmp_path / write()
    before = path.stat().st_mtime_ns
    assert tmp_path / write() == path
    assert before == path.stat().st_mtime_ns


@pytest.mark.parametrize(
    "change",
    [
        {"price_precision": 3},
        {"instrument": "crypto_perpetual", "base_currency": "EUR"},
    ],
)
def test_a_changed_description_replaces_the_instrument(tmp_path, write, change):
    """The catalog holds one instrument of the id: the one that is described now."""
    write()
    write(**change)
    (found,) = present(tmp_path)
    assert change.get("price_precision", 5) == found.price_precision


def test_scales_of_a_file_are_no_part_of_the_instrument(tmp_path, write):
    """How a file writes its numbers says nothing about the instrument."""
    path = tmp_path / write()
    before = path.stat().st_mtime_ns
    write(price_scale=8)
    assert before == path.stat().st_mtime_ns


def test_somebody_elses_instrument_stays(tmp_path, write):
    """One with margins or fees that we know nothing of is left as it is."""
    path = tmp_path / write()
    (tmp_path / "records" / f"{safe_id('EUR/USD.SIM')}.json").unlink()
    before = path.stat().st_mtime_ns
    write(multiplier="2")
    assert before == path.stat().st_mtime_ns


def test_somebody_elses_instrument_must_agree_on_precisions(tmp_path, write):
    """Ticks of another precision would be read wrong."""
    write()
    (tmp_path / "records" / f"{safe_id('EUR/USD.SIM')}.json").unlink()
    with pytest.raises(Conflict, match="size_precision 2, the description says 3"):
        write(size_precision=3)
