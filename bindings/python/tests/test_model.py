"""Holds the Python binding to the golden rows of the models named on the command line: python test_model.py A.wasm …"""

import math
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy

from lanewise import LanewiseError, Model
from lanewise.model import bits_of

MODELS = []


def raw_rows(model):
    """The golden rows of a model as dictionaries."""
    golden = model.schema["golden"]
    return [
        {column["name"]: column["values"][row] for column in golden["inputs"]} for row in range(golden["rowCount"])
    ]


def column_of(model, kind):
    return next((column["name"] for column in model.inputs if column["type"] == kind), None)


class ModelTest(unittest.TestCase):
    def each_model(self, kind=None):
        """Every model, or every one that has a column of this type."""
        for path in MODELS:
            model = Model.load(path)
            if kind is None or column_of(model, kind) is not None:
                with self.subTest(Path(path).name):
                    yield model

    def bits(self, model, rows):
        columns = {column["name"]: [row.get(column["name"]) for row in rows] for column in model.inputs}
        return [[bits_of(value) for value in values] for values in model._predict(columns, len(rows))]

    def test_golden_rows_come_out_bit_for_bit(self):
        for model in self.each_model():
            golden = model.schema["golden"]
            self.assertEqual(model.verify(), golden["rowCount"])
            self.assertEqual(self.bits(model, raw_rows(model)), [column["bits"] for column in golden["outputs"]])

    def test_one_row_at_a_time_gives_the_same_bits(self):
        for model in self.each_model():
            for row, values in enumerate(raw_rows(model)):
                wanted = [[column["bits"][row]] for column in model.schema["golden"]["outputs"]]
                self.assertEqual(self.bits(model, [values]), wanted)

    def test_none_and_nan_are_both_missing(self):
        for model in self.each_model("number"):
            nothing = {column["name"]: None for column in model.inputs}
            numbers = [column["name"] for column in model.inputs if column["type"] == "number"]
            self.assertEqual(
                self.bits(model, [{**nothing, **{name: math.nan for name in numbers}}]), self.bits(model, [nothing])
            )

    def test_any_two_unseen_labels_are_alike(self):
        for model in self.each_model("category"):
            name = column_of(model, "category")
            rows = raw_rows(model)
            first = [{**row, name: "never seen before"} for row in rows]
            second = [{**row, name: "nor this \U0001f600"} for row in rows]
            self.assertEqual(self.bits(model, first), self.bits(model, second))

    def test_timestamps_mean_the_same_in_every_form(self):
        moment = datetime(2019, 3, 23, 20, 21, 9, 500_000, tzinfo=timezone.utc)
        milliseconds = 1_553_372_469_500
        forms = [
            moment,
            moment.replace(tzinfo=None),
            moment.astimezone(timezone(timedelta(hours=5))),
            "2019-03-23 20:21:09.500",
            "2019-03-23T20:21:09.500Z",
            numpy.datetime64("2019-03-23T20:21:09.500"),
            float(milliseconds),
        ]
        for model in self.each_model("timestamp"):
            name = column_of(model, "timestamp")
            row = raw_rows(model)[4]
            wanted = self.bits(model, [{**row, name: milliseconds}])
            for form in forms:
                self.assertEqual(self.bits(model, [{**row, name: form}]), wanted, repr(form))
            missing = self.bits(model, [{**row, name: None}])
            self.assertEqual(self.bits(model, [{**row, name: numpy.datetime64("NaT")}]), missing)

    def test_numpy_columns_give_the_same_as_lists(self):
        for model in self.each_model():
            rows = raw_rows(model)
            lists = {column["name"]: [row[column["name"]] for row in rows] for column in model.inputs}
            arrays = dict(lists)
            for column in model.inputs:
                if column["type"] == "number":
                    arrays[column["name"]] = numpy.array(lists[column["name"]], dtype=float)
                if column["type"] == "timestamp":
                    values = ["NaT" if value is None else value for value in lists[column["name"]]]
                    arrays[column["name"]] = numpy.array(values, dtype="datetime64[ms]")
            self.assertEqual(
                [list(map(bits_of, values)) for values in model._predict(arrays, len(rows))],
                [list(map(bits_of, values)) for values in model._predict(lists, len(rows))],
            )

    def test_many_rows_and_then_few_go_through_one_model(self):
        for model in self.each_model():
            rows = raw_rows(model)
            once = self.bits(model, rows)
            many = self.bits(model, rows * 200)
            self.assertEqual(many, [values * 200 for values in once])
            self.assertEqual(self.bits(model, rows), once)
            self.assertEqual(self.bits(model, []), [[] for _ in model.outputs])

    def test_labels_and_probabilities_agree(self):
        for model in self.each_model():
            classes = model.schema["model"].get("classes")
            if not classes:
                continue
            for row in model.predict_rows(raw_rows(model)):
                probabilities = {label: row[f"probability_{label}"] for label in classes}
                if None in probabilities.values():
                    continue
                self.assertAlmostEqual(sum(probabilities.values()), 1, 9)
                self.assertIn(row["prediction"], classes)

    def test_what_is_wrong_is_named(self):
        for model in self.each_model():
            columns = {column["name"]: [None] for column in model.inputs}
            with self.assertRaisesRegex(LanewiseError, "no such column"):
                model.predict({**columns, "no such column": [1]})
            if not columns:
                continue
            name = model.inputs[0]["name"]
            fewer = {key: value for key, value in columns.items() if key != name}
            with self.assertRaisesRegex(LanewiseError, "Expected a column"):
                model.predict(fewer)
            if len(columns) > 1:
                with self.assertRaisesRegex(LanewiseError, "rows for column"):
                    model.predict({**columns, name: [None, None]})
            for kind, wrong in (("number", "far"), ("boolean", "maybe"), ("timestamp", "yesterday"), ("category", 7)):
                if column_of(model, kind):
                    with self.assertRaisesRegex(LanewiseError, "Expected .* received"):
                        model.predict({**columns, column_of(model, kind): [wrong]})

    def test_a_changed_model_is_refused(self):
        path = next(path for path in MODELS if Path(path).name != "no-columns.wasm")
        module = Path(path).read_bytes()
        bits = Model.load(path).schema["golden"]["outputs"][0]["bits"][5].encode()
        with self.assertRaisesRegex(LanewiseError, "Golden row"):
            Model(module.replace(bits, b"0123456789abcdef"))
        with self.assertRaisesRegex(LanewiseError, "not WebAssembly"):
            Model(b"model")
        with self.assertRaisesRegex(LanewiseError, "lanewise.schema|cut short"):
            Model(module[:300])
        with tempfile.NamedTemporaryFile(suffix=".wasm") as file:
            file.write(b"\0asm\1\0\0\0")
            file.flush()
            with self.assertRaisesRegex(LanewiseError, "lanewise.schema"):
                Model.load(file.name)


if __name__ == "__main__":
    MODELS = [argument for argument in sys.argv[1:] if argument.endswith(".wasm")]
    if not MODELS:
        sys.exit("Expected at least one .wasm on the command line")
    program = unittest.main(argv=sys.argv[:1], exit=False, verbosity=2)
    result = program.result
    bad = len(result.failures) + len(result.errors) + len(result.skipped)
    print(f"python: {result.testsRun} tests on {len(MODELS)} models, {bad} failed")
    sys.exit(1 if bad else 0)
