"""Instruments of the datasets file, and writing them to the catalog.

NautilusTrader is imported only when an instrument is really built: it costs two seconds.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from backend.conversion.files import replace_text
from backend.conversion.layout import FIXED_PRECISION, safe_id
from backend.errors import Conflict, Invalid
from backend.models import InstrumentId

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,10}$")]
Precision = Annotated[int, Field(ge=0, le=FIXED_PRECISION, strict=True)]
Scale = Annotated[int, Field(ge=0, le=18, strict=True)]
InstrumentType = Literal["currency_pair", "crypto_perpetual", "futures_contract", "equity"]

_CLASSES = {
    "currency_pair": "CurrencyPair",
    "crypto_perpetual": "CryptoPerpetual",
    "futures_contract": "FuturesContract",
    "equity": "Equity",
}
_OTHER_CLASSES = {
    "betting_instrument", "binary_option", "cfd", "commodity", "crypto_future", "crypto_option",
    "futures_spread", "index_instrument", "option_contract", "option_spread", "perpetual_contract",
    "tokenized_asset",
}  # fmt: skip
_WHOLE_SIZES = {"futures_contract", "equity"}
"""Types that NautilusTrader trades in whole units only."""


class InstrumentSpec(BaseModel):
    """An instrument as the datasets file describes it, with the scales of its columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instrument_id: InstrumentId
    instrument: InstrumentType
    quote_currency: CurrencyCode
    base_currency: CurrencyCode | None = None
    settlement_currency: CurrencyCode | None = None
    is_inverse: bool = False
    multiplier: str = "1"
    price_precision: Precision
    size_precision: Precision
    price_scale: Scale | None = None
    size_scale: Scale | None = None
    asset_class: str = "COMMODITY"
    underlying: str | None = None
    activation: dt.datetime | None = None
    expiration: dt.datetime | None = None

    @field_validator("multiplier", mode="before")
    @classmethod
    def _positive(cls, value: Any, info: ValidationInfo) -> str:
        try:
            number = Decimal(str(value))
        except ArithmeticError:
            raise ValueError("must be a number") from None
        if not number.is_finite() or number <= 0:
            raise ValueError("must be a positive number")
        return format(number.normalize(), "f")

    @field_validator("activation", "expiration", mode="after")
    @classmethod
    def _utc(cls, value: dt.datetime | None) -> dt.datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=dt.UTC)

    @model_validator(mode="after")
    def _complete(self) -> InstrumentSpec:
        pair = self.instrument in ("currency_pair", "crypto_perpetual")
        if pair and self.base_currency is None:
            object.__setattr__(self, "base_currency", self._base_from_symbol())
        if self.instrument in _WHOLE_SIZES and self.size_precision:
            raise ValueError(f"size_precision of {self.instrument} must be 0")
        if self.instrument == "futures_contract":
            if self.activation is None or self.expiration is None:
                raise ValueError("a futures_contract needs activation and expiration")
            if self.activation >= self.expiration:
                raise ValueError("expiration must be after activation")
        return self

    def _base_from_symbol(self) -> str:
        symbol = self.instrument_id.rpartition(".")[0].upper().split("-")[0]
        base = re.sub(r"[^A-Z0-9]", "", symbol).removesuffix(self.quote_currency)
        if not re.fullmatch(r"[A-Z0-9]{2,10}", base) or base == symbol:
            raise ValueError("base_currency is missing, and the symbol does not show it")
        return base

    def identity(self) -> dict[str, Any]:
        """What the instrument is, without how a file writes its numbers."""
        return self.model_dump(mode="json", exclude={"instrument_id", "price_scale", "size_scale"})

    @property
    def digest(self) -> str:
        text = json.dumps([self.instrument_id, self.identity()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def instrument_keys() -> list[str]:
    """Keys of the datasets file that describe an instrument."""
    return list(InstrumentSpec.model_fields)


def build(spec: InstrumentSpec) -> Instrument:
    """The NautilusTrader instrument. Raises Invalid when it refuses the description."""
    from nautilus_trader.model import instruments, objects

    if objects.FIXED_PRECISION != FIXED_PRECISION:
        raise Invalid(
            "this build of nautilus_trader holds prices in 64 bits", None,
            "install a high-precision build (128 bits), such as the wheels for Linux and macOS",
        )  # fmt: skip
    try:
        return getattr(instruments, _CLASSES[spec.instrument])(**_arguments(spec))
    except (TypeError, ValueError) as error:
        raise Invalid(f"{spec.instrument_id}: {error}", "instrument") from error


def _arguments(spec: InstrumentSpec) -> dict[str, Any]:
    from nautilus_trader.model.enums import asset_class_from_str
    from nautilus_trader.model.identifiers import InstrumentId as NautilusId
    from nautilus_trader.model.identifiers import Symbol
    from nautilus_trader.model.objects import Currency, Price, Quantity

    def currency(code: str | None) -> Currency:
        return Currency.from_str(code)  # codes it does not know become cryptocurrencies

    def step(precision: int) -> str:
        return format(Decimal((0, (1,), -precision)), "f")

    common = {
        "instrument_id": NautilusId.from_str(spec.instrument_id),
        "raw_symbol": Symbol(spec.instrument_id.rpartition(".")[0]),
        "price_precision": spec.price_precision,
        "price_increment": Price.from_str(step(spec.price_precision)),
        "ts_event": 0,
        "ts_init": 0,
    }
    if spec.instrument == "equity":
        lot = Quantity.from_int(1)
        return {**common, "currency": currency(spec.quote_currency), "lot_size": lot}
    multiplier = Quantity.from_str(spec.multiplier)
    if spec.instrument == "futures_contract":
        return {
            **common,
            "asset_class": asset_class_from_str(spec.asset_class),
            "currency": currency(spec.quote_currency),
            "multiplier": multiplier,
            "lot_size": Quantity.from_int(1),
            "underlying": spec.underlying or spec.instrument_id.rpartition(".")[0],
            "activation_ns": _ns(spec.activation),
            "expiration_ns": _ns(spec.expiration),
        }
    pair = {
        **common,
        "base_currency": currency(spec.base_currency),
        "quote_currency": currency(spec.quote_currency),
        "size_precision": spec.size_precision,
        "size_increment": Quantity.from_str(step(spec.size_precision)),
        "multiplier": multiplier,
    }
    if spec.instrument == "currency_pair":
        return pair
    settlement = spec.settlement_currency or (
        spec.base_currency if spec.is_inverse else spec.quote_currency
    )
    return {**pair, "settlement_currency": currency(settlement), "is_inverse": spec.is_inverse}


def _ns(moment: dt.datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp()) * 10**9


def ensure_written(catalog_dir: Path, records: Path, scratch: Path, spec: InstrumentSpec) -> str:
    """Write the instrument to the catalog unless it is there, once per description.

    Returns its file, relative to the catalog. `records` keeps what we wrote. An instrument that
    somebody else wrote stays as it is. Raises Conflict when its precisions contradict the
    description. One caller at a time per instrument: hold its lock.
    """
    record_path = records / f"{safe_id(spec.instrument_id)}.json"
    try:
        record = json.loads(record_path.read_text())
        ours = record["file"]
    except (OSError, ValueError, KeyError, TypeError):
        record, ours = {}, None
    if ours and record.get("digest") == spec.digest and (catalog_dir / ours).exists():
        return ours
    present = [path for path in _instrument_files(catalog_dir, spec) if path != ours]
    if present:
        _compare(catalog_dir, spec)
        return present[0]
    written = _write(catalog_dir, scratch, spec)
    if ours and ours != written:
        (catalog_dir / ours).unlink(missing_ok=True)
    replace_text(record_path, json.dumps({"digest": spec.digest, "file": written}))
    return written


def _instrument_files(catalog_dir: Path, spec: InstrumentSpec) -> list[str]:
    """Instrument files of any class that the catalog holds for the id, relative to it."""
    found = catalog_dir.glob(f"data/*/{safe_id(spec.instrument_id)}/*.parquet")
    return [
        str(path.relative_to(catalog_dir))
        for path in sorted(found)
        if path.parts[-3] in _CLASSES or path.parts[-3] in _OTHER_CLASSES
    ]


def _write(catalog_dir: Path, scratch: Path, spec: InstrumentSpec) -> str:
    """Let NautilusTrader write the instrument aside, and move it in: never half a file."""
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    instrument = build(spec)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        ParquetDataCatalog(str(scratch)).write_data([instrument])
        (staged,) = scratch.glob("data/*/*/*.parquet")
        place = staged.relative_to(scratch)
        (catalog_dir / place).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, catalog_dir / place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return place.as_posix()


def _compare(catalog_dir: Path, spec: InstrumentSpec) -> None:
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    catalog = ParquetDataCatalog(str(catalog_dir))
    for existing in catalog.instruments(instrument_ids=[spec.instrument_id]):
        for key in ("price_precision", "size_precision"):
            there, here = getattr(existing, key), getattr(spec, key)
            if there != here:
                raise Conflict(
                    f"the catalog holds {spec.instrument_id} with {key} {there}, the "
                    f"description says {here}", key,
                    "correct the description, or remove the instrument from the catalog",
                )  # fmt: skip
