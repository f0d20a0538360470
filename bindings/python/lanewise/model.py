"""A thin host of the module that bindings/ABI.md specifies."""

from __future__ import annotations

import json
import math
import struct
from array import array
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

import wasmtime

try:
    import numpy
except ImportError:  # numpy is a convenience here
    numpy = None  # type: ignore[assignment]

ABI_VERSION = 1
SECTION = "lanewise.schema"
MISSING_TIMESTAMP = -(2**63)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
STATUSES = {
    1: "the number of rows is negative",
    2: "an address lies outside the memory",
    3: "the memory could not be grown",
    4: "the module holds no program",
}
# Typecodes of array.array for the storages of the schema.
TYPECODES = {"f64": "d", "u8": "B", "i64": "q", "i32": "i"}


class LanewiseError(Exception):
    """What was expected, for which column, and what was received."""


class Model:
    """A model from a stand-alone .wasm. An instance serves one thread."""

    def __init__(self, module: bytes, verify: bool = True) -> None:
        self.schema: dict[str, Any] = _read_schema(module)
        if self.schema["abi"] != ABI_VERSION:
            raise LanewiseError(f"Expected ABI version {ABI_VERSION} but the model has {self.schema['abi']}")
        self._store = wasmtime.Store()
        instance = wasmtime.Instance(self._store, wasmtime.Module(self._store.engine, module), [])
        self._exports = instance.exports(self._store)
        self._memory = self._exports["memory"]
        if self._call("lanewise_abi") != ABI_VERSION:
            raise LanewiseError("The module's ABI version is not the one in its schema")
        self._codes = {
            column["name"]: {label: code for code, label in enumerate(column["labels"])}
            for column in self.inputs
            if column["type"] == "category"
        }
        if verify:
            self.verify()

    @classmethod
    def load(cls, path: str | Path, verify: bool = True) -> "Model":
        """Reads a model from a file and, unless told otherwise, proves that it answers as it did in Lanewise."""
        return cls(Path(path).read_bytes(), verify)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The raw columns: name, type, labels."""
        return self.schema["inputs"]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What comes out: name, type, labels."""
        return self.schema["outputs"]

    def predict(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Predicts columns of raw values.

        Numbers come back as float64 (numpy where it is installed), categories as lists of labels, None where there is
        no value.
        """
        return self._decoded(columns)

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Predicts rows as dictionaries; a column left out is missing."""
        known = {column["name"] for column in self.inputs}
        for row in rows:
            for name in row:
                if name not in known:
                    raise LanewiseError(f'Unknown column "{name}"; there are {", ".join(sorted(known))}')
        columns = {name: [row.get(name) for row in rows] for name in known}
        outputs = self._decoded(columns, len(rows))
        return [
            {name: _plain(values[index]) for name, values in outputs.items()} for index in range(len(rows))
        ]

    def verify(self) -> int:
        """Runs the golden rows; returns how many there are. Raises where one bit differs."""
        golden = self.schema["golden"]
        columns = {column["name"]: column["values"] for column in golden["inputs"]}
        for wanted, values in zip(golden["outputs"], self._predict(columns, golden["rowCount"])):
            for row, bits in enumerate(wanted["bits"]):
                found = bits_of(values[row])
                if found != bits:
                    name = wanted["name"]
                    raise LanewiseError(f"Golden row {row + 1} gives {found} for {name}, expected {bits}")
        return golden["rowCount"]

    def _decoded(self, columns: Mapping[str, Sequence[Any]], rows: int | None = None) -> dict[str, Any]:
        outputs = zip(self.outputs, self._predict(columns, rows))
        return {column["name"]: _decode(column, values) for column, values in outputs}

    def _predict(self, columns: Mapping[str, Sequence[Any]], rows: int | None = None) -> list[array]:
        # A model may read no column at all; then only the caller knows how many rows there are.
        names = [column["name"] for column in self.inputs]
        for name in columns:
            if name not in names:
                raise LanewiseError(f'Unknown column "{name}"; there are {", ".join(names)}')
        encoded = [self._encode(column, columns) for column in self.inputs]
        if encoded:
            rows = len(encoded[0])
        rows = rows or 0
        for name, values in zip(names, encoded):
            if len(values) != rows:
                raise LanewiseError(f'Expected {rows} rows for column "{name}" but received {len(values)}')
        self._call("lanewise_reset")
        inputs = [self._allocate(len(values) * values.itemsize) for values in encoded]
        outputs = [self._allocate(rows * 8) for _ in self.outputs]
        tables = [self._allocate(4 * len(addresses)) for addresses in (inputs, outputs)]
        for address, values in zip(inputs, encoded):
            self._memory.write(self._store, values.tobytes(), address)
        for table, addresses in zip(tables, (inputs, outputs)):
            self._memory.write(self._store, struct.pack(f"<{len(addresses)}I", *addresses), table)
        status = self._call("lanewise_predict", _signed(tables[0]), rows, _signed(tables[1]))
        if status != 0:
            raise LanewiseError(f"The module refused: {STATUSES.get(status, status)}")
        return [self._read(address, rows) for address in outputs]

    def _encode(self, column: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> array:
        name = column["name"]
        if name not in columns:
            raise LanewiseError(f'Expected a column "{name}" but received none')
        values, typecode = columns[name], TYPECODES[column["storage"]]
        if numpy is not None and isinstance(values, numpy.ndarray):
            fast = _encode_numpy(column["type"], values)
            if fast is not None:
                return array(typecode, fast.tobytes())
        if column["type"] == "category":
            codes = self._codes[name]
            return array(typecode, (_category(name, value, codes) for value in values))
        encode = {"number": _number, "boolean": _boolean, "timestamp": _timestamp}[column["type"]]
        return array(typecode, (encode(name, value) for value in values))

    def _read(self, address: int, rows: int) -> array:
        return array("d", bytes(self._memory.read(self._store, address, address + rows * 8)))

    def _allocate(self, size: int) -> int:
        address = self._call("lanewise_alloc", size) & 0xFFFFFFFF
        if address == 0:
            raise LanewiseError(f"The module has no room for {size} more bytes")
        return address

    def _call(self, name: str, *arguments: int) -> int:
        return self._exports[name](self._store, *arguments)


def bits_of(value: float) -> str:
    """An f64 as sixteen hexadecimal digits, every NaN alike."""
    return "7ff8000000000000" if math.isnan(value) else struct.pack(">d", value).hex()


def _read_schema(module: bytes) -> dict[str, Any]:
    for name, content in _custom_sections(module):
        if name == SECTION:
            return json.loads(content)
    raise LanewiseError(f"The module is not a stand-alone model of Lanewise: it has no {SECTION}")


def _custom_sections(module: bytes) -> Iterable[tuple[str, bytes]]:
    if module[:4] != b"\0asm":
        raise LanewiseError("The file is not WebAssembly")
    at = 8
    while at < len(module):
        kind = module[at]
        size, begin = _leb128(module, at + 1)
        if kind == 0:
            length, name_begin = _leb128(module, begin)
            name_end = name_begin + length
            yield module[name_begin:name_end].decode(), module[name_end : begin + size]
        at = begin + size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise LanewiseError("The module was cut short")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _signed(address: int) -> int:
    return address - 2**32 if address >= 2**31 else address


def _is_missing(value: Any) -> bool:
    # NaN and NaT are the values that differ from themselves.
    return value is None or value != value


def _number(name: str, value: Any) -> float:
    if _is_missing(value):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _unexpected("a number", name, value) from None


def _boolean(name: str, value: Any) -> int:
    if _is_missing(value):
        return 2
    if value in (0, 1):
        return int(value)
    raise _unexpected("True or False", name, value)


def _timestamp(name: str, value: Any) -> int:
    if _is_missing(value):
        return MISSING_TIMESTAMP
    if numpy is not None and isinstance(value, numpy.datetime64):
        return int(value.astype("datetime64[ms]").astype("int64"))
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            raise _unexpected("a timestamp (ISO 8601)", name, value) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return (zoned - EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return math.floor(value)
    raise _unexpected("a timestamp", name, value)


def _category(name: str, value: Any, codes: Mapping[str, int]) -> int:
    if _is_missing(value):
        return -1
    if not isinstance(value, str):
        raise _unexpected("text", name, value)
    return codes.get(value, len(codes))


def _encode_numpy(kind: str, values: Any) -> Any:
    """The bytes of an array that can be taken over at once, or None."""
    if kind == "number" and values.dtype.kind in "fiu":
        return values.astype("<f8")
    if kind == "timestamp" and values.dtype.kind == "M":
        return values.astype("datetime64[ms]").astype("<i8")  # NaT is -2**63, as the ABI's missing is
    if kind == "boolean" and values.dtype.kind == "b":
        return values.astype("u1")
    return None


def _decode(column: Mapping[str, Any], values: array) -> Any:
    if column["type"] == "category":
        labels = column["labels"]
        return [None if math.isnan(value) else labels[int(value)] for value in values]
    if column["type"] == "boolean":
        return [None if math.isnan(value) else value == 1 for value in values]
    return values if numpy is None else numpy.frombuffer(values, dtype="<f8")


def _plain(value: Any) -> Any:
    return None if _is_missing(value) else value if isinstance(value, (str, bool)) else float(value)


def _unexpected(expected: str, name: str, value: Any) -> LanewiseError:
    return LanewiseError(f'Expected {expected} for column "{name}" but received {value!r}')
