"""Tests of nightdesk.py; standard library only: python3 -m unittest discover -s clients/python"""

from __future__ import annotations

import contextlib
import datetime
import http.server
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import nightdesk  # noqa: E402
from nightdesk import Emitter, NightdeskHandler, Outbox, Refused, Shipment, Spool, Unavailable, pack  # noqa: E402

logging.getLogger("nightdesk").propagate = False
logging.getLogger("nightdesk").addHandler(logging.NullHandler())

CASES = HERE.parent.parent / "test" / "fixtures" / "conformance"


def cases(name: str) -> Dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text("utf-8"))


class Memory:
    """A sink that keeps what it is given, and does before that whatever `before` says."""

    def __init__(self, before: Any = None, name: str = "memory") -> None:
        self.name = name
        self.records: List[bytes] = []
        self.before = before
        self.calls = 0

    def send(self, records: List[bytes]) -> List[Optional[str]]:
        self.calls += 1
        if self.before is not None:
            answer = self.before(records)
            if answer is not None:
                self.records += [one for one, code in zip(records, answer) if code is None]
                return answer
        self.records += records
        return [None] * len(records)

    @property
    def events(self) -> List[Dict[str, Any]]:
        return [json.loads(line) for record in self.records for line in record.splitlines()]


def refuse(_records: Any) -> None:
    raise Unavailable("down")


def balanced(test: unittest.TestCase, stats: Dict[str, Any]) -> None:
    right = stats["delivered"] + sum(stats["dropped"].values()) + stats["held"]
    test.assertEqual(stats["emitted"] + stats["recovered"], right, stats)


def until(what: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise AssertionError("did not happen in time")
        time.sleep(0.005)


def quick(sink: Any, **options: Any) -> Emitter:
    return Emitter("s", sink=sink, **{"linger_s": 0, "max_backoff_s": 0.02, "on_sigterm": False, **options})


class Throws:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


def decoded(value: Any, parents: Tuple[Any, ...] = ()) -> Any:
    """A value of a case, with what JSON cannot say put in."""
    if isinstance(value, list):
        return [decoded(item, parents) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if keys and keys[0].startswith("$"):
        kind, text = keys[0], value[keys[0]]
        makers = {
            "$number": lambda: float(text),
            "$integer": lambda: int(text),
            "$decimal": lambda: Decimal(text),
            "$time": lambda: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")),
            "$bytes": lambda: bytes.fromhex(text),
            "$set": lambda: set(text),
            "$text": lambda: text * value["$times"],
            "$self": lambda: parents[-1],
            "$throws": lambda: Throws(),
        }
        return makers[kind]()
    made: Dict[str, Any] = {}
    made.update({name: decoded(item, (*parents, made)) for name, item in value.items()})
    return made


class Conformance(unittest.TestCase):
    """The cases every client passes."""

    def test_lines(self) -> None:
        file = cases("lines")
        given = file["given"]
        for case in file["cases"]:
            if "python" not in case.get("only", ["python"]):
                continue
            with self.subTest(case["name"]):
                sink = Memory()
                emitter = Emitter(
                    given["strategy_id"],
                    given["session_id"],
                    given["mode"],
                    sink=sink,
                    on_sigterm=False,
                    _uid=given["uid"],
                    _now_ns=lambda: given["now_ms"] * 1_000_000,
                )
                for event in case["events"]:
                    self.assertTrue(emitter.emit(event["stream"], decoded(event["fields"])))
                emitter.close()
                events = sink.events
                for event in events:
                    self.assertEqual(event.pop("emitter_version"), nightdesk.EMITTER_VERSION)
                self.assertEqual(events, case["lines"])
                balanced(self, emitter.stats())

    def test_survives(self) -> None:
        for case in cases("lines")["survives"]:
            with self.subTest(case["name"]):
                sink = Memory()
                emitter = quick(sink)
                fields = decoded(case["fields"])
                emitter.emit(case["stream"], fields)
                emitter.close()
                kept = [event for event in sink.events if event.get("event") == "kept"]
                self.assertEqual(len(kept) + sum(emitter.stats()["dropped"].values()), 1)
                balanced(self, emitter.stats())

    def test_packing(self) -> None:
        file = cases("packing")
        limits = file["limits"]
        self.assertEqual(
            [nightdesk.PACK_LINES, nightdesk.PACK_BYTES, nightdesk.MAX_BATCH_RECORDS, nightdesk.MAX_RECORD_BYTES],
            [limits["record_lines"], limits["record_bytes"], limits["batch_records"], limits["largest_line_bytes"]],
        )
        for case in file["cases"]:
            with self.subTest(case["name"]):
                lines = [(one["text"] * one["times"]).encode() for one in case["lines"] for _ in range(one["count"])]
                batches, too_large = pack(lines)
                shape = [[[len(record), sum(len(line) + 1 for line in record)] for record in batch] for batch in batches]
                self.assertEqual((shape, too_large), (case["batches"], case["too_large"]))

    def test_delivery(self) -> None:
        for case in cases("delivery")["cases"]:
            with self.subTest(case["name"]):
                answers = list(case["answers"])
                calls: List[List[int]] = []

                def send(records: List[bytes]) -> List[Optional[str]]:
                    calls.append([int(record) for record in records])
                    answer = answers.pop(0)
                    if isinstance(answer, list):
                        return [None if word == "ok" else word for word in answer]
                    raise Refused(answer["refused"]) if "refused" in answer else Unavailable(answer["error"])

                shipment = Shipment([[str(n).encode()] for n in range(case["records"])])
                while shipment.pending:
                    with contextlib.suppress(Unavailable):
                        shipment.call(send)
                self.assertEqual(calls, case["calls"])
                dropped = {"refused": shipment.refused} if shipment.refused else {}
                self.assertEqual((shipment.delivered, dropped), (case["delivered"], case["dropped"]))

    def test_outbox(self) -> None:
        for case in cases("outbox")["cases"]:
            with self.subTest(case["name"]):
                outbox = Outbox(case["capacity"], 1_000_000)
                dropped: List[str] = []
                delivered: List[str] = []
                flight: List[str] = []
                for step in case["steps"]:
                    if "push" in step:
                        dropped += outbox.push(step["push"], step.get("precious", False))
                    elif "take" in step:
                        flight = outbox.take(step["take"], 1_000_000)
                    else:
                        delivered += flight if step["settle"] == "delivered" else []
                        outbox.settle(step["settle"] == "delivered")
                self.assertEqual(
                    (delivered, dropped, outbox.items()), (case["delivered"], case["dropped"], case["held"])
                )


class Conservation(unittest.TestCase):
    """emitted + recovered = delivered + dropped + held, whatever happens."""

    def test_outbox_never_evicts_what_is_in_flight(self) -> None:
        rng = random.Random(os.environ.get("SEED", "7"))
        for _ in range(300):
            outbox = Outbox(rng.randint(1, 8), rng.choice([30, 1000]))
            held: List[str] = []
            flight: List[str] = []
            for n in range(60):
                step = rng.random()
                if step < 0.6:
                    item = f"{n:03d}" * rng.randint(1, 3)
                    gone = outbox.push(item, rng.random() < 0.3)
                    self.assertFalse(set(gone) & set(flight))
                    held = [one for one in [*held, item] if one not in gone]
                elif step < 0.8 and not flight:
                    flight = outbox.take(rng.randint(1, 4), rng.choice([5, 1000]))
                elif flight:
                    done = rng.random() < 0.5
                    outbox.settle(done)
                    held = [one for one in held if not (done and one in flight)]
                    flight = []
                self.assertEqual(outbox.items(), held)
                self.assertEqual(outbox.bytes, sum(len(one) + 1 for one in held))

    def test_random_schedules(self) -> None:
        rng = random.Random(os.environ.get("SEED", "11"))
        for round_ in range(12):
            with self.subTest(round_), tempfile.TemporaryDirectory() as folder:
                def misbehave(records: List[bytes]) -> Optional[List[Optional[str]]]:
                    chance = rng.random()
                    if chance < 0.2:
                        raise Unavailable("throttled")
                    if chance < 0.3:
                        raise KeyError("a sink that is broken")
                    if chance < 0.35:
                        return []
                    if chance < 0.6:
                        return [None if rng.random() < 0.7 else "ServiceUnavailableException" for _ in records]
                    return None

                sink = Memory(misbehave)
                options: Dict[str, Any] = {"max_queue": rng.choice([5, 50, 5000])}
                if round_ % 3:
                    options.update(spool_dir=folder, write_through=round_ % 3 == 2)
                taken = set()
                first = quick(sink, **options)
                for n in range(400):
                    chance = rng.random()
                    if chance < 0.9:
                        first.emit("order" if n % 5 == 0 else "health", event_id=f"e{n}", n=n)
                        taken.add(f"e{n}")
                    elif chance < 0.93:
                        first.emit("health", Throws())
                    elif chance < 0.97:
                        time.sleep(0.001)
                    else:
                        balanced(self, first.stats())
                first.close(rng.choice([0.0, 0.05, 5.0]))
                balanced(self, first.stats())
                second = quick(sink, **options)
                until(lambda: not options.get("spool_dir") or second.stats()["recovered"] >= first.stats()["held"])
                second.flush(10)
                until(lambda: second.stats()["held"] == 0)
                second.close()
                balanced(self, second.stats())
                dropped = sum(count for why, count in first.stats()["dropped"].items() if why != "unserialisable")
                lost = dropped + (0 if options.get("spool_dir") else first.stats()["held"])
                ids = [event["event_id"] for event in sink.events]
                self.assertEqual(len(set(ids)), len(taken) - lost)

    def test_a_slow_disk_takes_all_that_waits_when_the_emitter_closes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            append = nightdesk.Spool.append

            def slowly(spool: Any, lines: List[bytes]) -> Any:
                time.sleep(1.5)
                return append(spool, lines)

            nightdesk.Spool.append = slowly  # type: ignore[method-assign]
            try:
                first = quick(Memory(refuse), spool_dir=folder)
                first.emit("order", event_id="a")
                time.sleep(0.1)  # the disk is just taking it
                first.emit("order", event_id="b")
                first.close(0.0)
                until(lambda: first.stats()["queued"] == 0)
            finally:
                nightdesk.Spool.append = append  # type: ignore[method-assign]
            sink = Memory()
            second = quick(sink, spool_dir=folder)
            until(lambda: second.stats()["recovered"] == 2)
            second.close()
            self.assertEqual(sorted(event["event_id"] for event in sink.events), ["a", "b"])

    def test_order_of_a_stream_is_kept(self) -> None:
        for options in ({}, {"spool": True}, {"spool": True, "write_through": True}):
            with self.subTest(options), tempfile.TemporaryDirectory() as folder:
                failures = iter([True, False] * 500)
                sink = Memory(lambda records: refuse(records) if next(failures, False) else None)
                more = {"spool_dir": folder} if options.pop("spool", False) else {}
                emitter = quick(sink, **more, **options)
                for n in range(3000):
                    emitter.emit("order", n=n)
                self.assertTrue(emitter.flush(20))
                self.assertEqual([event["n"] for event in sink.events], list(range(3000)))
                emitter.close()

    def test_a_full_queue_drops_the_oldest_and_says_so(self) -> None:
        gate = threading.Event()
        sink = Memory(lambda _records: gate.wait(20) and None)
        emitter = quick(sink, max_queue=10)
        emitter.emit("health", n=-1)
        until(lambda: sink.calls == 1)
        for n in range(50):
            emitter.emit("health", n=n)
        self.assertEqual(emitter.stats()["dropped"], {"overflow": 41})
        balanced(self, emitter.stats())
        gate.set()
        self.assertTrue(emitter.flush())
        self.assertEqual([event["n"] for event in sink.events], [-1, *range(41, 50)])
        emitter.close()

    def test_a_spool_whose_folder_was_removed_goes_on(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = os.path.join(folder, "spool")
            down = [True]
            sink = Memory(lambda records: refuse(records) if down[0] else None)
            emitter = quick(sink, spool_dir=root, write_through=True)
            emitter.emit("order", n=0)
            shutil.rmtree(root)
            for n in range(1, 51):
                emitter.emit("order", n=n)
            down[0] = False
            self.assertTrue(emitter.flush(20))
            balanced(self, emitter.stats())
            self.assertEqual({event["n"] for event in sink.events} - {0}, set(range(1, 51)))
            emitter.close()

    def test_a_full_spool_drops_its_oldest_segment_and_never_what_is_in_flight(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            gate = threading.Event()
            sink = Memory(lambda _records: gate.wait(20) and None)
            emitter = quick(sink, spool_dir=folder, write_through=True, max_spool_bytes=1024 * 1024)
            emitter.emit("health", n=-1, text="x" * 1000)
            until(lambda: sink.calls == 1)
            for n in range(3000):
                emitter.emit("health", n=n, text="x" * 1000)
            stats = emitter.stats()
            balanced(self, stats)
            self.assertGreater(stats["dropped"]["spool_full"], 1000)
            self.assertLessEqual(stats["spool_bytes"], 1024 * 1024)
            gate.set()
            self.assertTrue(emitter.flush(20))
            numbers = [event["n"] for event in sink.events]
            self.assertEqual(numbers[0], -1)
            self.assertEqual(numbers[-1], 2999)
            self.assertEqual(numbers, sorted(numbers))
            self.assertEqual(len(numbers), 3001 - emitter.stats()["dropped"]["spool_full"])
            emitter.close()
            self.assertEqual(os.listdir(folder), [])

    def test_a_batch_is_given_up_after_its_time_where_one_is_set(self) -> None:
        emitter = quick(Memory(refuse), retry_for_s=0.05)
        emitter.emit("health", n=1)
        until(lambda: emitter.stats()["dropped"] == {"gave_up": 1})
        balanced(self, emitter.stats())
        emitter.close(0)


class NeverRaises(unittest.TestCase):
    def test_hostile_values(self) -> None:
        sink = Memory()
        emitter = quick(sink)
        cycle: List[Any] = []
        cycle.append(cycle)
        deep: Any = 1
        for _ in range(5000):
            deep = [deep]

        class Side(str, Enum):
            BUY = "buy"

        class Slow(dict):
            def items(self) -> Any:
                raise RuntimeError("no")

        class Text(str):
            def __str__(self) -> str:
                raise RuntimeError("no")

        values = [
            float("nan"), float("inf"), -0.0, 10**5000, 2**63, True, Decimal("sNaN"), Decimal("1E-400"), Side.BUY,
            datetime.datetime(2026, 1, 2), datetime.datetime.min.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=5))),
            datetime.date(2026, 1, 2), datetime.timedelta(days=1), {1, "a"}, frozenset(), b"\xff", bytearray(b"x"), memoryview(b"y"),
            cycle, deep, "x" * 10_000_000, "\ud800", {"\ud800": {None: 1, (1, 2): 2, b"k": 3}}, Slow(a=1), Text("t"), Throws(),
            lambda: 1, object(), iter([1]), range(10**9), {n: n for n in range(30_000)}, [0] * 30_000, ValueError("v"), Throws,
            type, NotImplemented, ..., 1j, "a\x00b", "</script>",
        ]  # fmt: skip
        for value in values:
            self.assertTrue(emitter.emit("system", event="kept", value=value))
            emitter.emit("system", value)  # type: ignore[arg-type]
            emitter.emit(value, event="odd")  # type: ignore[arg-type]
            emitter.error(value)
            emitter.order(value, symbol=value)
            emitter.bind(x=value).emit("system", value)  # type: ignore[arg-type]
        self.assertTrue(emitter.flush(20))
        balanced(self, emitter.stats())
        emitter.close()
        kept = [event for event in sink.events if event.get("event") == "kept" and event["stream"] == "system"]
        self.assertGreaterEqual(len(kept), len(values))
        for record in sink.records:
            record.decode("utf-8")  # strict
            self.assertNotIn(b"NaN", record.replace(b"sNaN", b""))

    def test_what_is_made_of_values(self) -> None:
        sink = Memory()
        emitter = quick(sink)
        emitter.emit(
            "system",
            naive=datetime.datetime(2026, 1, 2, 3, 4, 5),
            aware=datetime.datetime(2026, 1, 2, 8, 34, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30))),
            text="x" * 70_000,
            path=Path("a/b"),
            keys={"a": 1}.keys(),
        )
        emitter.close()
        (event,) = sink.events
        self.assertEqual(event["naive"], "2026-01-02T03:04:05.000000")
        self.assertEqual(event["aware"], "2026-01-02T03:04:05.000000Z")
        self.assertTrue(event["text"].endswith("[cut: 70000 characters]"))
        self.assertEqual((event["path"], event["keys"]), ("a/b", ["a"]))
        self.assertEqual(emitter.stats()["cut"], 1)

    def test_an_event_that_is_too_large_is_reported(self) -> None:
        sink = Memory()
        emitter = quick(sink, max_event_bytes=2048)
        self.assertFalse(emitter.emit("signals", event_id="big", features="x" * 5000))
        emitter.close()
        (event,) = sink.events
        self.assertEqual((event["stream"], event["code"], event["dropped_event_id"]), ("error", "too_large", "big"))
        self.assertEqual(emitter.stats()["dropped"], {"too_large": 1})
        balanced(self, emitter.stats())

    def test_after_close_events_are_counted(self) -> None:
        emitter = quick(Memory())
        emitter.close()
        self.assertFalse(emitter.emit("health", n=1))
        self.assertEqual(emitter.stats()["dropped"], {"after_close": 1})
        self.assertEqual(emitter.close()["dropped"], 1)
        self.assertTrue(emitter.flush(0.1))

    def test_a_disk_that_takes_nothing(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            sink = Memory()
            for write_through in (False, True):
                emitter = quick(sink, spool_dir=os.path.join(file.name, "no"), write_through=write_through)
                for n in range(10):
                    self.assertTrue(emitter.emit("health", n=n))
                self.assertTrue(emitter.flush())
                self.assertIn("NotADirectoryError", emitter.stats()["spool_error"])
                balanced(self, emitter.stats())
                emitter.close()
            self.assertEqual(len(sink.events), 20)

    def test_a_disk_that_becomes_full(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            sink = Memory()
            emitter = quick(sink, spool_dir=folder, write_through=True)
            emitter.emit("health", n=0)
            real = os.write
            nightdesk.os.write = lambda fd, data: real(fd, data[:7]) if len(data) > 7 else self._full()  # type: ignore
            try:
                for n in range(1, 20):
                    emitter.emit("health", n=n)
                self.assertIn("ENOSPC", emitter.stats()["spool_error"].replace("[Errno 28]", "ENOSPC"))
            finally:
                nightdesk.os.write = real
            self.assertTrue(emitter.flush(20))
            emitter._spool_failed_s = None  # as after a while
            for n in range(20, 30):
                emitter.emit("health", n=n)
            self.assertTrue(emitter.flush(20))
            self.assertEqual(emitter.stats()["dropped"], {})
            balanced(self, emitter.stats())
            self.assertEqual([event["n"] for event in sink.events], list(range(30)))
            emitter.close()

    @staticmethod
    def _full() -> int:
        raise OSError(28, "No space left on device")

    def test_settings_that_make_no_sense_are_refused_at_the_start(self) -> None:
        for options in (
            {"mode": "demo"}, {"max_queue": 0}, {"max_queue": "9"}, {"linger_s": -1}, {"endpoint": "ftp://x"}, {"sink": "kafka"},
            {"endpoint": "http://user:hunter2@x"}, {"token": "a b"}, {"write_through": True}, {"sink": "aws"}, {"strategy_id": ""},
            {"max_event_bytes": 2_000_000}, {"timeout_s": float("nan")}, {"max_spool_bytes": 1},
        ):  # fmt: skip
            with self.subTest(options), self.assertRaises((ValueError, ImportError)) as caught:
                Emitter(**{"strategy_id": "s", "on_sigterm": False, **options})  # type: ignore[arg-type]
            self.assertNotIn("hunter2", str(caught.exception))


class Helpers(unittest.TestCase):
    def test_the_chain_is_tied_by_ids(self) -> None:
        sink = Memory()
        emitter = quick(sink).bind(symbol="BTC-USD")
        intent = emitter.intent(side="buy", qty=1)
        emitter.gate("spread", True, intent, value=0.4, limit=1)
        order = emitter.order(intent, side="buy", qty=1)
        fill = emitter.fill(order, side="buy", qty=1, price=100.0)
        emitter.error(ValueError("late"), order)
        emitter.health(session_phase="stop")
        emitter._parent.close()  # type: ignore[attr-defined]
        by_stream = {event["stream"]: event for event in sink.events}
        self.assertEqual(
            [event["stream"] for event in sink.events], ["order_intent", "gate", "order", "execution", "error", "health"]
        )
        self.assertEqual(by_stream["order_intent"]["intent_id"], intent)
        self.assertEqual(by_stream["gate"]["intent_id"], intent)
        self.assertEqual((by_stream["order"]["intent_id"], by_stream["order"]["order_id"]), (intent, order))
        execution = by_stream["execution"]
        self.assertEqual((execution["order_id"], execution["intent_id"], execution["fill_id"]), (order, intent, fill))
        self.assertEqual(by_stream["error"]["order_id"], order)
        self.assertIn("ValueError: late", by_stream["error"]["stacktrace"])
        self.assertTrue(all(event["symbol"] == "BTC-USD" for event in sink.events))

    def test_ids_that_are_given_stay(self) -> None:
        sink = Memory()
        emitter = quick(sink)
        self.assertEqual(emitter.order(order_id=7, intent_id="i"), "7")
        self.assertEqual(emitter.fill("7", fill_id="f", venue_fill_id=9), "f")
        emitter.close()
        self.assertEqual(sink.events[1]["intent_id"], "i")

    def test_an_exception_in_the_with_block_is_an_event(self) -> None:
        sink = Memory()
        with self.assertRaises(ZeroDivisionError), quick(sink):
            1 / 0
        self.assertEqual(sink.events[0]["error_type"], "ZeroDivisionError")

    def test_log_records_become_events_and_ours_do_not(self) -> None:
        sink = Memory()
        emitter = quick(sink)
        handler = NightdeskHandler(emitter, level=logging.INFO)
        for name in ("bot.orders", "nightdesk", "nightdesk.x"):
            logger = logging.Logger(name)
            logger.addHandler(handler)
            logger.info("sent %d", 3)
            logger.warning("odd %d %d", 1)  # arguments that do not fit
            try:
                raise KeyError("x")
            except KeyError:
                logger.exception("failed")
            logger.error("plain")
        emitter.close()
        self.assertEqual(
            [(event["stream"], event["level"], event["message"], event["component"]) for event in sink.events],
            [
                ("system", "info", "sent 3", "bot.orders"),
                ("system", "warning", "odd %d %d", "bot.orders"),
                ("error", "error", "failed", "bot.orders"),
                ("error", "error", "plain", "bot.orders"),
            ],
        )
        self.assertEqual(sink.events[2]["error_type"], "KeyError")

    def test_a_handler_of_the_bot_that_waits_for_us_does_not_deadlock_with_what_we_log(self) -> None:
        emitter = quick(Memory(refuse), max_queue=5)
        inside, go_on = threading.Event(), threading.Event()
        threads: List[str] = []

        class Slow(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                threads.append(threading.current_thread().name)
                inside.set()
                go_on.wait(5)
                emitter.stats()  # with the lock of the handler, as NightdeskHandler has it

        logger = logging.getLogger("nightdesk")
        handler = Slow()
        logger.addHandler(handler)
        try:
            for n in range(10):
                emitter.emit("health", n=n)  # drops, and says so
            self.assertTrue(inside.wait(20))
            talker = threading.Thread(target=lambda: emitter.emit("health", n=11), daemon=True)
            talker.start()
            talker.join(5)
            self.assertFalse(talker.is_alive(), "what we log holds up the bot")
            self.assertEqual(threads, ["nightdesk"])
        finally:
            go_on.set()
            logger.removeHandler(handler)
        emitter.close(0)

    def test_metrics_say_how_the_emitter_is(self) -> None:
        sink = Memory()
        emitter = quick(sink, metrics_every_s=0.05)
        emitter.emit("health", n=1)
        until(lambda: any(event.get("event") == "metrics" for event in sink.events))
        emitter.close()
        event = next(event for event in sink.events if event.get("event") == "metrics")
        self.assertEqual((event["stream"], event["pid"]), ("system", os.getpid()))
        self.assertGreaterEqual(event["emitter"]["emitted"], 1)


class SpoolTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_what_a_dead_process_left_is_read_from_its_cursor_without_the_torn_end(self) -> None:
        spool = Spool.create(self.folder, "n", 10**9)
        spool.append([b'{"n":%d}' % n for n in range(5)])
        self.assertEqual(spool.take(), [b'{"n":%d}' % n for n in range(5)])
        spool.settle(True)
        spool.append([b'{"n":5}', b'{"n":6}'])
        path = next(Path(spool.folder).glob("*.jsonl"))
        with open(path, "ab") as file:
            file.write(b'{"n":7')
        self.assertIsNone(Spool.adopt(spool.folder), "its process lives")
        spool.abandon()
        adopted = Spool.adopt(spool.folder)
        assert adopted is not None
        self.assertEqual((adopted.lines, adopted.take()), (2, [b'{"n":5}', b'{"n":6}']))
        adopted.settle(True)
        adopted.close()
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_cursor_that_cannot_be_read_sends_again_rather_than_not(self) -> None:
        spool = Spool.create(self.folder, "n", 10**9)
        spool.append([b'{"n":1}', b'{"n":2}'])
        (Path(spool.folder) / "cursor").write_bytes(b"\x00\x00")
        spool.abandon()
        adopted = Spool.adopt(spool.folder)
        assert adopted is not None
        self.assertEqual(adopted.lines, 2)
        adopted.abandon()

    def test_what_a_power_failure_left_in_a_segment_is_counted_and_costs_its_neighbours_nothing(self) -> None:
        spool = Spool.create(self.folder, f"py-{'0' * 12}", 10**9)
        spool.append([b'{"n":1}', b"\x00" * 7, b'{"n":3}'])
        spool.abandon()
        sink = Memory(name="power")
        name = Emitter._spool_name(type("Named", (), {"_sink": sink})())  # type: ignore[arg-type]
        os.rename(spool.folder, os.path.join(self.folder, f"{name}-1-x"))
        emitter = quick(sink, spool_dir=self.folder)
        until(lambda: emitter.stats()["recovered"] == 3 and emitter.stats()["held"] == 0)
        balanced(self, emitter.stats())
        self.assertEqual(emitter.stats()["dropped"], {"spool_damaged": 1})
        self.assertEqual([event["n"] for event in sink.events], [1, 3])
        emitter.close()
        self.assertEqual(os.listdir(self.folder), [])

    def test_spools_of_other_destinations_are_left_alone(self) -> None:
        first = quick(Memory(refuse, name="one"), spool_dir=self.folder)
        first.emit("health", n=1)
        first.close(0)
        self.assertEqual(first.stats()["held"], 1)
        second = quick(Memory(name="two"), spool_dir=self.folder)
        second.emit("health", n=2)
        self.assertTrue(second.flush())
        self.assertEqual(second.stats()["recovered"], 0)
        second.close()
        third = quick(Memory(name="one"), spool_dir=self.folder)
        until(lambda: third.stats()["recovered"] == 1 and third.stats()["held"] == 0)
        third.close()
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_still_waits_in_memory_at_the_end_is_sent_and_not_left_to_the_next(self) -> None:
        for _ in range(20):
            sink = Memory()
            emitter = quick(sink, spool_dir=self.folder)
            for n in range(20):
                emitter.emit("health", n=n)
            self.assertEqual(emitter.close(20), {"delivered": 20, "dropped": 0, "held": 0})

    def test_two_emitters_of_one_process_share_a_folder(self) -> None:
        sink = Memory()
        with quick(sink, spool_dir=self.folder) as one, quick(sink, spool_dir=self.folder) as two:
            for n in range(200):
                (one if n % 2 else two).emit("health", n=n)
        self.assertEqual(sorted(event["n"] for event in sink.events), list(range(200)))
        self.assertEqual(os.listdir(self.folder), [])

    def test_memory_stays_flat_while_the_spool_grows(self) -> None:
        emitter = quick(Memory(refuse), spool_dir=self.folder, max_queue=1_000_000)
        for n in range(5000):
            emitter.emit("health", n=n)
        until(lambda: emitter.stats()["queued"] == 0)
        self.assertEqual(emitter.stats()["spooled"], 5000)
        emitter.close(0)
        balanced(self, emitter.stats())


PRELUDE = f"""
import os, sys, time, json
sys.path.insert(0, {str(HERE)!r})
import nightdesk
class Files:
    name = "files"
    def send(self, records):
        with open(os.environ["OUT"], "ab") as out:
            out.write(b"".join(records))
        return [None] * len(records)
class Down:
    name = "files"
    def send(self, records):
        raise nightdesk.Unavailable("down")
"""


class Processes(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = os.path.join(folder.name, "out")
        Path(self.out).touch()
        self.spool = os.path.join(folder.name, "spool")

    def start(self, script: str) -> "subprocess.Popen[bytes]":
        env = {**os.environ, "OUT": self.out, "SPOOL": self.spool}
        return subprocess.Popen([sys.executable, "-c", PRELUDE + textwrap.dedent(script)], env=env, stdout=subprocess.PIPE)

    def run_script(self, script: str) -> Tuple[int, str]:
        with self.start(script) as process:
            text, _ = process.communicate(timeout=60)
            return process.returncode, text.decode()

    def events(self) -> List[Dict[str, Any]]:
        return [json.loads(line) for line in Path(self.out).read_text("utf-8").splitlines()]

    def test_the_end_of_the_process_sends_the_rest(self) -> None:
        code, _ = self.run_script(
            """
            e = nightdesk.Emitter("s", sink=Files(), linger_s=3600)
            for n in range(100): e.emit("health", n=n)
            """
        )
        self.assertEqual((code, len(self.events())), (0, 100))

    def test_sigterm_sends_the_rest_and_ends_the_process_as_sigterm_does(self) -> None:
        process = self.start(
            """
            e = nightdesk.Emitter("s", sink=Files(), linger_s=3600)
            print("ready", flush=True)
            n = 0
            while True:
                e.emit("health", n=n); n += 1
                time.sleep(0 if n % 100 else 0.001)
            """
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGTERM)
        numbers = [event["n"] for event in self.events()]
        self.assertGreater(len(numbers), 0)
        self.assertEqual(numbers, list(range(numbers[-1] + 1)))

    def test_a_handler_of_the_bot_keeps_sigterm(self) -> None:
        process = self.start(
            """
            import signal
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
            e = nightdesk.Emitter("s", sink=Files(), linger_s=3600)
            e.emit("health", n=1)
            print("ready", flush=True)
            time.sleep(60)
            """
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual((process.returncode, len(self.events())), (3, 1))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_after_a_fork_each_process_sends_its_own_events_once(self) -> None:
        for options in ("", 'spool_dir=os.environ["SPOOL"]', 'spool_dir=os.environ["SPOOL"], write_through=True'):
            with self.subTest(options):
                Path(self.out).write_bytes(b"")
                code, _ = self.run_script(
                    f"""
                    e = nightdesk.Emitter("s", sink=Files(), linger_s=0.05, {options})
                    for n in range(50): e.emit("health", who="before", n=n)
                    pid = os.fork()
                    who = "child" if pid == 0 else "parent"
                    for n in range(50): e.emit("health", who=who, n=n)
                    assert e.flush(20)
                    if pid == 0:
                        e.close()
                        os._exit(0)
                    assert os.waitpid(pid, 0)[1] == 0
                    """
                )
                self.assertEqual(code, 0)
                events = self.events()
                self.assertEqual(len(events), 150)
                self.assertEqual(len({event["event_id"] for event in events}), 150)
                self.assertEqual(len({event["session_id"] for event in events}), 2)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_a_forked_child_that_lives_on_does_not_keep_its_parents_spool(self) -> None:
        process = self.start(
            """
            e = nightdesk.Emitter("s", sink=Down(), spool_dir=os.environ["SPOOL"], write_through=True)
            e.emit("health", n=1)
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            print(child, flush=True)
            os.kill(os.getpid(), 9)
            """
        )
        assert process.stdout is not None
        child = int(process.stdout.readline())
        self.addCleanup(os.kill, child, signal.SIGKILL)
        process.stdout.close()
        process.wait(30)
        code, _ = self.run_script(
            """
            e = nightdesk.Emitter("s", sink=Files(), spool_dir=os.environ["SPOOL"])
            while e.stats()["recovered"] < 1 or e.stats()["held"] > 0: time.sleep(0.01)
            """
        )
        self.assertEqual((code, len(self.events())), (0, 1))

    def test_killed_in_a_loop_every_event_that_was_taken_arrives(self) -> None:
        acknowledged: List[str] = []
        rng = random.Random(3)
        script = """
            e = nightdesk.Emitter("s", sink=Files(), linger_s=0.01, spool_dir=os.environ["SPOOL"], write_through=True)
            print("ready", flush=True)
            n = 0
            while True:
                e.emit("order", event_id=f"{os.getpid()}-{n}")
                os.write(1, f"{os.getpid()}-{n}\\n".encode())
                n += 1
            """
        for _ in range(6):
            process = self.start(script)
            assert process.stdout is not None
            process.stdout.readline()
            timer = threading.Timer(0.02 + rng.random() * 0.15, process.kill)
            timer.start()
            acknowledged += process.stdout.read().decode().split("\n")[:-1]
            process.stdout.close()
            process.wait()
        code, _ = self.run_script(
            """
            e = nightdesk.Emitter("s", sink=Files(), spool_dir=os.environ["SPOOL"])
            while True:
                names = [name for name in os.listdir(os.environ["SPOOL"])]
                if e.stats()["held"] == 0 and len(names) == 0: break
                time.sleep(0.01)
            """
        )
        self.assertEqual(code, 0)
        self.assertGreater(len(acknowledged), 100)
        self.assertEqual(set(acknowledged) - {event["event_id"] for event in self.events()}, set())


class Desk(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: List[Any] = []
    bodies: List[bytes] = []
    seen: List[Dict[str, str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).seen.append(dict(self.headers.items()))
        step = self.script.pop(0) if self.script else "ok"
        if step == "reset":
            self.connection.close()
            self.close_connection = True
            return
        if step == "lost":
            type(self).bodies.append(body)
            self.connection.close()
            self.close_connection = True
            return
        if step == "slow":
            time.sleep(0.5)
        status, answer = (200, {"accepted": body.count(b"\n")}) if step in ("ok", "slow") else step
        if status == 200:
            type(self).bodies.append(body)
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if status == 503:
            self.send_header("retry-after", "0.01")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_args: Any) -> None:
        pass


class OverHttp(unittest.TestCase):
    @contextlib.contextmanager
    def desk(self, script: List[Any]) -> Iterator[str]:
        Desk.script, Desk.bodies, Desk.seen = script, [], []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()

    def ids(self) -> List[str]:
        return [json.loads(line)["event_id"] for body in Desk.bodies for line in body.splitlines()]

    def test_throttling_resets_slow_answers_and_lies_lose_nothing(self) -> None:
        script = [(503, {"error": "UNAVAILABLE"}), "reset", "slow", (401, {"error": "UNAUTHORIZED"}), (200, b"<html>"), "lost",
                  (200, {"accepted": 999}), (500, b"")]  # fmt: skip
        with self.desk(script) as url:
            emitter = quick("desk", endpoint=url, token="correct-horse", timeout_s=0.2)
            for n in range(500):
                emitter.emit("order", event_id=f"e{n}")
                time.sleep(0 if n % 50 else 0.01)
            self.assertTrue(emitter.flush(20), emitter.stats())
            balanced(self, emitter.stats())
            emitter.close()
        self.assertEqual({f"e{n}" for n in range(500)} - set(self.ids()), set())
        self.assertEqual(Desk.seen[0]["authorization"], "Bearer correct-horse")

    def test_what_is_refused_for_its_content_is_taken_apart(self) -> None:
        with self.desk([(413, {}), (413, {}), "ok", (413, {}), "ok"]) as url:
            emitter = quick("desk", endpoint=url, linger_s=0.2)
            for n in range(3):
                emitter.emit("order", event_id=f"e{n}")
            self.assertTrue(emitter.flush(20))
            self.assertEqual(emitter.stats()["dropped"], {"refused": 2})
            balanced(self, emitter.stats())
            emitter.close()
        self.assertEqual(self.ids(), ["e1"])

    def test_an_outage_costs_nothing_and_no_call_waits_for_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            emitter = quick("desk", endpoint="http://127.0.0.1:9", spool_dir=folder)
            for n in range(1000):
                emitter.emit("order", event_id=f"e{n}")
            self.assertFalse(emitter.flush(0.05))
            self.assertEqual(emitter.close(0.05)["held"], 1000)
            balanced(self, emitter.stats())

    def test_the_token_is_in_no_text(self) -> None:
        emitter = quick("desk", endpoint="http://127.0.0.1:9", token="correct-horse")
        emitter.emit("order", n=1)
        until(lambda: emitter.stats()["last_error"] is not None)
        self.assertNotIn("correct-horse", json.dumps(emitter.stats()) + repr(emitter))
        emitter.close(0)


class Firehose(unittest.TestCase):
    """Against a stand-in of boto3's client; the real one is tried against a desk by the project's tests."""

    def test_partial_failures_and_errors(self) -> None:
        class ClientError(Exception):
            def __init__(self, code: str) -> None:
                super().__init__(code)
                self.response = {"Error": {"Code": code}}

        class Client:
            def __init__(self) -> None:
                self.steps: List[Any] = [ClientError("ThrottlingException"), "half", ConnectionError("reset")]
                self.taken: List[bytes] = []

            def put_record_batch(self, DeliveryStreamName: str, Records: List[Dict[str, bytes]]) -> Dict[str, Any]:
                step = self.steps.pop(0) if self.steps else "ok"
                if isinstance(step, Exception):
                    raise step
                good = [step == "ok" or n % 2 == 0 for n in range(len(Records))]
                self.taken += [record["Data"] for record, ok in zip(Records, good) if ok]
                return {
                    "FailedPutCount": good.count(False),
                    "RequestResponses": [{"RecordId": "r"} if ok else {"ErrorCode": "ServiceUnavailableException"} for ok in good],
                }

        client = Client()
        sink = nightdesk.FirehoseSink("stream", None, 1, None, client)
        emitter = quick(sink, linger_s=0.3)
        for n in range(1000):
            emitter.emit("order", n=n)
        self.assertTrue(emitter.flush(20))
        numbers = sorted(json.loads(line)["n"] for record in client.taken for line in record.splitlines())
        self.assertEqual(numbers, list(range(1000)))
        self.assertTrue(all(record.count(b"\n") <= 400 for record in client.taken))
        emitter.close()


if __name__ == "__main__":
    unittest.main()
