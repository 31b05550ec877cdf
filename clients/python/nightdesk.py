"""Sends a trading bot's events to Nightdesk: one file, standard library only, Python 3.9 or newer.

    from nightdesk import Emitter

    with Emitter("grid_1", mode="paper", spool_dir="spool") as desk:
        desk.emit("signals", symbol="BTC-USD", s_model=0.31)
        order = desk.order(symbol="BTC-USD", side="buy", qty=0.01, order_type="market")
        desk.fill(order, symbol="BTC-USD", side="buy", qty=0.01, price=85500.0, fee_usd=0.4)

Three promises. Once an `Emitter` is made, none of its methods raises into the bot and `emit` never waits for the
network. Every buffer is bounded. And every event is accounted for, at any time:

    emitted + recovered = delivered + dropped (by reason) + held

An event is delivered at least once and carries its own identity, by which Nightdesk removes repeats.
"""

from __future__ import annotations

import atexit
import base64
import collections
import dataclasses
import datetime
import enum
import hashlib
import http.client
import json
import logging
import os
import random
import re
import secrets
import shutil
import signal
import socket
import ssl
import threading
import time
import traceback
import weakref
from decimal import Decimal
from typing import Any, Callable, Deque, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union
from urllib.parse import urlsplit

try:
    import fcntl
except ImportError:  # Windows: without these locks nobody can tell a dead process's spool from a living one's
    fcntl = None  # type: ignore[assignment]

__all__ = ["Emitter", "NightdeskHandler", "Refused", "Unavailable"]
__version__ = "0.1.0"

EMITTER_VERSION = f"py/{__version__}"

# Limits of the wire; lib/core/limits.ts holds the same with their sources, and a test compares the two.
PACK_LINES = 400
PACK_BYTES = 256 * 1024
MAX_RECORD_BYTES = 1_024_000
MAX_BATCH_RECORDS = 500
MAX_DEPTH = 48

DEFAULT_ENDPOINT = "http://127.0.0.1:4573"
MODES = ("live", "paper", "backtest", "shadow", "testnet")

_log = logging.getLogger("nightdesk")
_LONGEST_TEXT = 64 * 1024  # characters; what is longer is cut and says so
_MOST_VALUES = 20_000  # of one event
_DEEPEST = MAX_DEPTH - 8  # leaves room for what the catalog wraps around a value
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_EXACT = 2**53 - 1  # largest integer that every reader of JSON keeps


# --- secrets: taken out before anything leaves the process or touches the disk, as lib/core/redact.ts does ----------

REDACTED = "[redacted]"

_SECRET_NAMES = frozenset(
    """
    api_key apikey api_secret apisecret api_passphrase access_key access_token auth_token authorization
    aws_access_key_id aws_secret_access_key aws_session_token bearer_token client_secret cookie creds creds_json
    credentials mnemonic passphrase passwd password private_key privatekey refresh_token secret secret_key secretkey
    seed_phrase session_token set_cookie signing_key slack_webhook_url token wallet_private_key webhook_url
    x_api_key x_mbx_apikey
    """.split()
)

_CREDENTIALS = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bxox[abeprs]-[\w-]{10,}|\bxapp-[\w-]{10,}"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]+"
    r"|\beyJ[\w-]{8,512}\.eyJ[\w-]{8,4096}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|\bBearer +[\w.~+/=-]{16,}|\bgh[opsur]_\w{20,}|\bsk-[\w-]{20,}"
    r"|(?<=://)[^\s:/@\"\\]+:[^\s/@\"\\]+(?=@)"
    r"|(?:(?<=[?&]api_key=)|(?<=[?&]apikey=)|(?<=[?&]secret=)|(?<=[?&]signature=)|(?<=[?&]sign=)|(?<=[?&]token=)"
    r"|(?<=[?&]access_token=)|(?<=[?&]password=))[^&\s\"\\]+",
    re.IGNORECASE,
)
_MARKS = (
    "akia", "asia", "xox", "xapp-", "hooks.slack", "eyj", "private key", "bearer ",
    "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "sk-", "://", "?", "&",
)  # fmt: skip


def _suspicious(line: str) -> bool:
    """A cheap net over the whole line: what it does not catch holds no credential."""
    text = line.lower()
    return any([mark in text for mark in _MARKS])


_known_names: Dict[str, bool] = {}


def _is_secret(name: str) -> bool:
    known = _known_names.get(name)
    if known is None:
        known = name.lower().replace("-", "_") in _SECRET_NAMES
        if len(_known_names) < 10_000:
            _known_names[name] = known
    return known


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return _CREDENTIALS.sub(REDACTED, value)
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    if isinstance(value, dict):
        return {name: _redacted(item) for name, item in value.items()}
    return value


# --- values ---------------------------------------------------------------------------------------------------------


class _Plainer:
    """Makes plain JSON values of whatever a bot has at hand; one per event."""

    def __init__(self) -> None:
        self.values = 0
        self.cut = False
        self.nonfinite: List[str] = []
        self._open: List[int] = []
        self._at: List[str] = []

    def object(self, fields: Mapping[Any, Any]) -> Dict[str, Any]:
        plain: Dict[str, Any] = {}
        for key, value in list(fields.items()):
            self.values += 1
            if self.values > _MOST_VALUES:
                self.cut = True
                break
            name = key if type(key) is str and key.isascii() else self._key(key)
            self._at.append(name)
            plain[name] = REDACTED if _is_secret(name) and value is not None else self.plain(value)
            self._at.pop()
        return plain

    def plain(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return self._text(value)
        if kind is float:
            return value if -1.8e308 < value < 1.8e308 else self._not_finite()
        if kind is int:
            return value if -_EXACT <= value <= _EXACT else _digits(value)
        self.values += 1
        if self.values > _MOST_VALUES:
            self.cut = True
            return "[too many values]"
        depth = len(self._at)
        try:
            return self._other(value)
        except Exception as error:  # a value that throws when it is looked at costs no more than itself
            del self._at[depth:]
            return f"[unreadable {kind.__name__}: {type(error).__name__}]"

    def _other(self, value: Any) -> Any:
        if isinstance(value, enum.Enum):
            return self.plain(value.value)
        if isinstance(value, (str, bool, int, float)):
            base = next(kind for kind in (str, bool, int, float) if isinstance(value, kind))
            return self.plain(base.__new__(base, value) if base is not str else str.__str__(value))
        if isinstance(value, Decimal):
            return str(value) if value.is_finite() else self._not_finite()
        if isinstance(value, datetime.datetime):
            return None if value != value else _instant(value)  # pandas' NaT is no time at all
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._bytes(bytes(value))
        if isinstance(value, BaseException):
            return self._text(f"{type(value).__name__}: {value}")
        if id(value) in self._open:
            return "[cycle]"
        if len(self._open) >= _DEEPEST:
            self.cut = True
            return "[too deep]"
        self._open.append(id(value))
        try:
            return self._container(value)
        finally:
            self._open.pop()

    def _container(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.object(value)
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self.object(value._asdict())
        if isinstance(value, (list, tuple, collections.deque)):
            return self._items(value)
        if isinstance(value, (set, frozenset)):
            return self._items(sorted(value, key=repr))
        if isinstance(value, (type({}.keys()), type({}.values()), type({}.items()))):
            return self._items(list(value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.object({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
        if callable(getattr(value, "tolist", None)):  # numpy's scalars and arrays, pandas' series
            size = getattr(value, "size", 1)
            return self.plain(value.tolist()) if isinstance(size, int) and size <= _MOST_VALUES else f"[{size} values]"
        return self._text(str(value))

    def _items(self, items: Iterable[Any]) -> List[Any]:
        plain: List[Any] = []
        for item in items:
            self.values += 1
            if self.values > _MOST_VALUES:
                self.cut = True
                plain.append("[too many values]")
                break
            self._at.append(str(len(plain)))
            plain.append(self.plain(item))
            self._at.pop()
        return plain

    def _not_finite(self) -> None:
        if len(self.nonfinite) < 100:
            self.nonfinite.append(".".join(self._at))

    def _key(self, key: Any) -> str:
        return self._text(key) if type(key) is str else str(self.plain(key))

    def _text(self, text: str) -> str:
        if len(text) > _LONGEST_TEXT:
            self.cut = True
            text = f"{text[:_LONGEST_TEXT]}[cut: {len(text)} characters]"
        return text if text.isascii() else _whole(text)

    def _bytes(self, data: bytes) -> str:
        try:
            return self._text(data.decode("utf-8"))
        except UnicodeDecodeError:
            return self._text(f"base64:{base64.b64encode(data[: _LONGEST_TEXT + 1]).decode('ascii')}")


def _whole(text: str) -> str:
    """U+FFFD for every half of a surrogate pair; two halves that belong together become their character."""
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _digits(value: int) -> str:
    return str(value) if value.bit_length() < 4096 else f"[integer of {value.bit_length()} bits]"


def _instant(value: datetime.datetime) -> str:
    """UTC with six decimals; a naive time stays naive, for its zone is not ours to guess."""
    if value.utcoffset() is None:
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    utc = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


_last_second = (-1, "")


def _iso(now_ns: int) -> str:
    global _last_second
    seconds, rest = divmod(now_ns, 1_000_000_000)
    second = _last_second
    if second[0] != seconds:
        second = _last_second = (seconds, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)))
    return f"{second[1]}.{rest // 1000:06d}Z"


# --- the buffer in memory -------------------------------------------------------------------------------------------


# What the ledger and the alerts are made of: the last to go when a queue is full.
PRECIOUS = frozenset(("order_intent", "gate", "order", "execution", "cash_flow", "costs", "error", "repro"))


class Outbox:
    """Lines that wait, bounded in number and bytes. What is in flight is never evicted, what is precious goes last."""

    def __init__(self, capacity: int, capacity_bytes: int) -> None:
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        # Entries are (order of arrival, item); both queues stay in that order.
        self._ordinary: Deque[Tuple[int, Any]] = collections.deque()
        self._precious: Deque[Tuple[int, Any]] = collections.deque()
        self._flight: List[Tuple[int, Any, bool]] = []
        self._arrivals = 0
        self.bytes = 0

    def __len__(self) -> int:
        return self.waiting + len(self._flight)

    @property
    def waiting(self) -> int:
        return len(self._ordinary) + len(self._precious)

    @property
    def flying(self) -> int:
        return len(self._flight)

    def push(self, item: Any, precious: bool = False) -> List[Any]:
        """Takes an item. Returns those that had to go for it; itself, where all else is in flight or worth more."""
        size = len(item) + 1
        gone: List[Any] = []
        while len(self) >= self._capacity or self.bytes + size > self._capacity_bytes:
            queue = self._ordinary or (self._precious if precious else None)
            if not queue or size > self._capacity_bytes:
                return gone + [item]
            victim = queue.popleft()[1]
            self.bytes -= len(victim) + 1
            gone.append(victim)
        self._arrivals += 1
        (self._precious if precious else self._ordinary).append((self._arrivals, item))
        self.bytes += size
        return gone

    def take(self, most: int, most_bytes: int) -> List[Any]:
        """The oldest items, now in flight: at least one where any waits. Settle them before the next take."""
        size = 0
        while self.waiting:
            first = not self._ordinary or bool(self._precious and self._precious[0][0] < self._ordinary[0][0])
            queue = self._precious if first else self._ordinary
            size += len(queue[0][1]) + 1
            if self._flight and (len(self._flight) >= most or size > most_bytes):
                break
            self._flight.append((*queue.popleft(), first))
        return [item for _, item, _ in self._flight]

    def settle(self, done: bool) -> None:
        """Ends the flight: its items are gone, or wait again at the head."""
        for arrival, item, precious in reversed(self._flight):
            if done:
                self.bytes -= len(item) + 1
            else:
                (self._precious if precious else self._ordinary).appendleft((arrival, item))
        self._flight = []

    def items(self) -> List[Any]:
        both = [*self._ordinary, *self._precious, *((arrival, item) for arrival, item, _ in self._flight)]
        return [item for _, item in sorted(both, key=lambda entry: entry[0])]


# --- packing and sending --------------------------------------------------------------------------------------------


class Unavailable(Exception):
    """The call failed and may be repeated; `retry_after_s` where the other side said when."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The call was refused for what it held; to repeat it is in vain."""


def pack(lines: Iterable[bytes]) -> Tuple[List[List[List[bytes]]], int]:
    """Lines as batches of records, within every limit. Returns them, and how many lines are too large for any."""
    batches: List[List[List[bytes]]] = []
    too_large = 0
    batch_bytes = record_bytes = 0
    for line in lines:
        size = len(line) + 1
        if size > MAX_RECORD_BYTES:
            too_large += 1
            continue
        if not batches or batch_bytes + size > PACK_BYTES:
            batches.append([[]])
            batch_bytes = record_bytes = 0
        elif len(batches[-1][-1]) >= PACK_LINES or record_bytes + size > PACK_BYTES:
            if len(batches[-1]) >= MAX_BATCH_RECORDS:
                batches.append([])
                batch_bytes = 0
            batches[-1].append([])
            record_bytes = 0
        batches[-1][-1].append(line)
        batch_bytes += size
        record_bytes += size
    return batches, too_large


class Shipment:
    """One batch on its way: what is taken never travels again, what is refused is taken apart down to the line."""

    def __init__(self, records: Sequence[List[bytes]]) -> None:
        self.pending: List[List[bytes]] = list(records)
        self.delivered = 0
        self.refused = 0
        self._alone = False

    def call(self, send: Callable[[List[bytes]], Sequence[Optional[str]]]) -> None:
        """Makes one call. Raises where something is left that should wait before it travels again."""
        count = 1 if self._alone else len(self.pending)
        calling = self.pending[:count]
        try:
            answers = send([b"".join(line + b"\n" for line in record) for record in calling])
        except Refused:
            self._take_apart(calling)
            return
        if len(answers) != count:
            raise Unavailable(f"{len(answers)} answers for {count} records")
        failed = [record for record, code in zip(calling, answers) if code is not None]
        self.delivered += sum(len(record) for record, code in zip(calling, answers) if code is None)
        self.pending = failed + self.pending[count:]
        if failed:
            raise Unavailable(f"{len(failed)} of {count} records: {next(code for code in answers if code)}")

    def _take_apart(self, calling: List[List[bytes]]) -> None:
        if len(calling) > 1:
            self._alone = True
        elif len(calling[0]) > 1:
            self.pending[:1] = [[line] for line in calling[0]]
            self._alone = True
        else:
            self.refused += 1
            del self.pending[0]


class HttpSink:
    """A desk's plain door, `POST /v1/events`. One answer holds for all lines of a call: all are on disk, or none."""

    def __init__(self, endpoint: str, token: Optional[str], timeout_s: float, ca_file: Optional[str]) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(f"endpoint must look like http://127.0.0.1:4573, got {_shown(endpoint)}")
        if token is not None and not re.fullmatch(r"[!-~]+", token):
            raise ValueError("token must be printable ASCII without spaces")
        self.name = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._path = f"{parts.path.rstrip('/')}/v1/events"
        self._headers = {"content-type": "application/x-ndjson"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        host, port = parts.hostname, parts.port
        tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._connect: Callable[[], http.client.HTTPConnection] = (
            (lambda: http.client.HTTPConnection(host, port, timeout=timeout_s))
            if tls is None
            else (lambda: http.client.HTTPSConnection(host, port, timeout=timeout_s, context=tls))
        )
        self._connection: Optional[http.client.HTTPConnection] = None

    def send(self, records: List[bytes]) -> Sequence[Optional[str]]:
        body = b"".join(records)
        try:
            status, headers, answer = self._post(body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        if status == 200:
            if answer.get("accepted") != body.count(b"\n"):
                raise Unavailable("the answer is not a desk's")
            return [None] * len(records)
        reason = f"status {status} {str(answer.get('error', ''))[:60]}".strip()
        if status in (400, 413, 422):
            raise Refused(reason)
        raise Unavailable(reason, _seconds(headers.get("retry-after")))

    def _post(self, body: bytes) -> Tuple[int, Any, Dict[str, Any]]:
        kept = self._connection
        if kept is not None:
            try:
                return self._ask(kept, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if isinstance(error, (TimeoutError, socket.timeout)):
                    raise
                # The other side may close a connection it kept; to send twice does no harm.
        self._connection = self._connect()
        return self._ask(self._connection, body)

    def _ask(self, connection: http.client.HTTPConnection, body: bytes) -> Tuple[int, Any, Dict[str, Any]]:
        connection.request("POST", self._path, body=body, headers=self._headers)
        response = connection.getresponse()
        text = response.read(65_536)
        if response.read(1):
            self.close()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        return response.status, response.headers, answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def forget(self) -> None:
        """After a fork: the connection is the parent's."""
        self._connection = None


class FirehoseSink:
    """Amazon Data Firehose through boto3, which is imported here and nowhere else."""

    _FOR_GOOD = ("ValidationException", "InvalidArgumentException", "SerializationException", "InvalidSourceException")

    def __init__(
        self,
        delivery_stream: str,
        region: Optional[str],
        timeout_s: float,
        endpoint: Optional[str] = None,
        client: Any = None,
    ) -> None:
        if not delivery_stream:
            raise ValueError('sink="aws" needs delivery_stream, the output NightdeskDeliveryStream of your stack')
        self.name = f"firehose:{endpoint or region or ''}:{delivery_stream}"
        self._stream = delivery_stream
        self._region = region
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._given = client
        self._client = client
        if client is None:
            _import_boto3()  # to fail now, not when the first trade is made

    def send(self, records: List[bytes]) -> Sequence[Optional[str]]:
        try:
            if self._client is None:
                self._client = self._make()
            answer = self._client.put_record_batch(
                DeliveryStreamName=self._stream, Records=[{"Data": record} for record in records]
            )
        except Exception as error:
            response = getattr(error, "response", None)
            code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
            if code in self._FOR_GOOD:
                raise Refused(code) from error
            raise Unavailable(code or f"{type(error).__name__}: {error}") from error
        responses = answer.get("RequestResponses") or []
        return [None if "RecordId" in one else str(one.get("ErrorCode", "failed")) for one in responses]

    def _make(self) -> Any:
        boto3, config = _import_boto3()
        # We retry ourselves, record by record; boto3's own retries would only hold the deadline up.
        once = {"total_max_attempts": 1}
        settings = config(connect_timeout=self._timeout_s, read_timeout=self._timeout_s, retries=once)
        return boto3.session.Session().client(
            "firehose", region_name=self._region, endpoint_url=self._endpoint, config=settings
        )

    def close(self) -> None:
        pass

    def forget(self) -> None:
        self._client = self._given


def _import_boto3() -> Tuple[Any, Any]:
    import boto3
    from botocore.config import Config

    return boto3, Config


def _seconds(text: Optional[str]) -> float:
    return min(float(text), 60.0) if text is not None and re.fullmatch(r"\d{1,6}(\.\d+)?", text.strip()) else 0.0


def _shown(value: Any) -> str:
    """A setting for an error message, without what may be a secret in it."""
    return re.sub(r"//[^/@\s]*@", "//[redacted]@", repr(value))[:200]


# --- the buffer on disk ---------------------------------------------------------------------------------------------


class _Segment:
    def __init__(self, path: str, number: int, at: int, lines: int, size: int) -> None:
        self.path = path
        self.number = number
        self.at = at  # bytes that are done with
        self.lines = lines  # lines that are not
        self.size = size


class Spool:
    """Segments of lines in a folder of one process, and a cursor that says up to where they are done with.

    The folder is locked as long as its process lives, however that ends; who gets the lock of another's may drain it.
    """

    def __init__(self, folder: str, lock: int, most_bytes: int) -> None:
        self.folder = folder
        self._lock_fd: Optional[int] = lock
        self._most_bytes = most_bytes
        self.segment_bytes = max(64 * 1024, min(8 * 1024 * 1024, most_bytes // 8))
        self._segments: Deque[_Segment] = collections.deque()
        self._next = 1
        self._file: Optional[int] = None
        self._flight: Optional[Tuple[_Segment, int, int]] = None
        self._guard = threading.RLock()
        self.damaged = 0

    @staticmethod
    def create(root: str, name: str, most_bytes: int) -> "Spool":
        """A folder of this process. It gets its name only once it is locked, so that nobody takes it for an orphan."""
        if fcntl is None:
            raise OSError("a spool needs POSIX file locks")
        os.makedirs(root, mode=0o700, exist_ok=True)
        unique = f"{os.getpid()}-{secrets.token_hex(4)}"
        made = os.path.join(root, f".new-{unique}")
        os.mkdir(made, 0o700)
        lock = os.open(os.path.join(made, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = os.path.join(root, f"{name}-{unique}")
        os.rename(made, folder)
        return Spool(folder, lock, most_bytes)

    @staticmethod
    def adopt(folder: str) -> Optional["Spool"]:
        """The spool of a process that is dead, or None where it lives or somebody else was faster."""
        if fcntl is None:
            return None
        path = os.path.join(folder, "lock")
        lock = None
        try:
            lock = os.open(path, os.O_RDWR)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_ino != os.stat(path).st_ino:
                raise OSError("another process has drained it")
            spool = Spool(folder, lock, 0)
            spool._read()
            return spool
        except OSError:
            if lock is not None:
                os.close(lock)
            return None

    @property
    def lines(self) -> int:
        with self._guard:
            return sum(segment.lines for segment in self._segments)

    @property
    def bytes(self) -> int:
        with self._guard:
            return sum(segment.size - segment.at for segment in self._segments)

    @property
    def oldest_s(self) -> float:
        """When the oldest segment that is not done with was begun or last written, epoch seconds; 0 where none is."""
        with self._guard:
            try:
                return next(os.stat(one.path).st_mtime for one in self._segments if one.lines > 0)
            except (StopIteration, OSError):
                return 0.0

    def append(self, lines: List[bytes]) -> int:
        """Writes lines at the end, all or none.

        Returns how many older ones had to go, or -1 where there is no room even so. Raises OSError where the disk does
        not take them: then nothing was written.
        """
        data = b"".join(line + b"\n" for line in lines)
        with self._guard:
            evicted = self._make_room(len(data))
            if evicted is None:
                return -1
            if self._file is not None and os.fstat(self._file).st_nlink == 0:
                self._begin_anew()
            segment = self._segments[-1] if self._segments and self._file is not None else None
            if segment is None or (segment.size > 0 and segment.size + len(data) > self.segment_bytes):
                segment = self._begin()
            assert self._file is not None
            written = 0
            try:
                while written < len(data):
                    written += os.write(self._file, data[written:])
            except OSError:
                if written > 0:
                    os.ftruncate(self._file, segment.size)
                raise
            segment.size += len(data)
            segment.lines += len(lines)
            return evicted

    def take(self) -> List[bytes]:
        """The oldest lines, at most a batch and never of two segments; they are in flight until `settle`."""
        while True:
            with self._guard:
                segment = next((one for one in self._segments if one.lines > 0), None)
                if segment is None:
                    return []
                data = _whole_lines(segment)
                lines = data.split(b"\n")[:-1]
                good = [line for line in lines if line.startswith(b"{") and line.endswith(b"}")]
                count = len(lines) or segment.lines  # nothing there: the disk has lost the rest of the segment
                self._flight = (segment, len(data) or segment.size - segment.at, count)
                self.damaged += count - len(good)
                if good:
                    return good
            self.settle(True)

    def settle(self, done: bool) -> None:
        """Ends the flight; where it was delivered the cursor moves on, for good."""
        with self._guard:
            flight, self._flight = self._flight, None
            if flight is None or not done:
                return
            segment, end, count = flight
            segment.at += end
            segment.lines -= count
            self._move_cursor()
            while len(self._segments) > (1 if self._file is not None else 0) and self._segments[0].lines == 0:
                _remove(self._segments.popleft().path)

    def close(self) -> None:
        """Lets go of the folder; removes it where nothing is left in it."""
        with self._guard:
            if not any(one.lines > 0 for one in self._segments):
                shutil.rmtree(self.folder, ignore_errors=True)
            self.abandon()

    def abandon(self) -> None:
        """Closes its files and touches nothing: after a fork the spool is the parent's, and so is the lock."""
        lock, self._lock_fd = self._lock_fd, None
        file, self._file = self._file, None
        for one in (lock, file):
            if one is not None:
                os.close(one)

    def _make_room(self, size: int) -> Optional[int]:
        evicted = 0
        while self.bytes + size > self._most_bytes:
            flying = self._flight[0] if self._flight is not None else None
            writing = self._segments[-1] if self._segments and self._file is not None else None
            victim = next((one for one in self._segments if one is not flying and one is not writing), None)
            if victim is None:
                return None
            evicted += victim.lines
            self._segments.remove(victim)
            _remove(victim.path)
        return evicted

    def _begin(self) -> _Segment:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        path = os.path.join(self.folder, f"{self._next:08d}.jsonl")
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
        segment = _Segment(path, self._next, 0, 0, 0)
        self._next += 1
        self._segments.append(segment)
        while len(self._segments) > 1 and self._segments[0].lines == 0:
            _remove(self._segments.popleft().path)
        return segment

    def _begin_anew(self) -> None:
        """Somebody has removed the folder: what it held is lost, what comes is kept in it again."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        lock = os.open(os.path.join(self.folder, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gone, self._lock_fd = (self._lock_fd, self._file), lock
        self._file = None
        for one in gone:
            if one is not None:
                os.close(one)

    def _move_cursor(self) -> None:
        first = next((one for one in self._segments if one.lines > 0), self._segments[-1] if self._segments else None)
        if first is None:
            return
        path = os.path.join(self.folder, "cursor")
        try:
            with open(f"{path}.tmp", "w", encoding="ascii") as file:
                file.write(f"{first.number} {first.at}\n")
            os.replace(f"{path}.tmp", path)
        except OSError:
            pass  # what is sent twice is the same event twice

    def _read(self) -> None:
        """Finds out what a dead process left; the end of a line that was not written whole was never ours."""
        number, at = 0, 0
        try:
            with open(os.path.join(self.folder, "cursor"), encoding="ascii") as file:
                words = file.read(64).split()
                number, at = int(words[0]), int(words[1])
        except (OSError, ValueError, IndexError):
            pass
        for name in sorted(os.listdir(self.folder)):
            match = re.fullmatch(r"(\d{8,})\.jsonl", name)
            if match is None:
                continue
            path = os.path.join(self.folder, name)
            which = int(match[1])
            start = at if which == number else 0
            lines, size = _count(path, start) if which >= number else (0, 0)
            if lines == 0:
                _remove(path)
            else:
                self._segments.append(_Segment(path, which, start, lines, size))


def _whole_lines(segment: _Segment) -> bytes:
    """The next lines of a segment, at most a batch but at least one; empty where the file is not what it was."""
    try:
        with open(segment.path, "rb") as file:
            file.seek(segment.at)
            data = file.read(min(PACK_BYTES, segment.size - segment.at))
            if b"\n" not in data:
                data += file.readline()
            return data[: data.rfind(b"\n") + 1]
    except FileNotFoundError:
        return b""


def _count(path: str, start: int) -> Tuple[int, int]:
    """Whole lines of a file after an offset, and where the last of them ends."""
    lines, end, at = 0, start, start
    with open(path, "rb") as file:
        file.seek(start)
        while True:
            chunk = file.read(1024 * 1024)
            if not chunk:
                return lines, end
            lines += chunk.count(b"\n")
            last = chunk.rfind(b"\n")
            if last >= 0:
                end = at + last + 1
            at += len(chunk)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


# --- what a bot calls -----------------------------------------------------------------------------------------------

Fields = Union[Mapping[str, Any], None]


class _Calls:
    """The calls an emitter and its children share. The helpers give back the id that ties the next call to theirs."""

    def emit(self, stream: str, event: Fields = None, /, **fields: Any) -> bool:
        raise NotImplementedError

    def _new_id(self, kind: str) -> str:
        raise NotImplementedError

    def _link(self, order_id: str, intent_id: Optional[str]) -> None:
        raise NotImplementedError

    def _linked(self, order_id: str) -> Optional[str]:
        raise NotImplementedError

    def intent(self, **fields: Any) -> str:
        """What the bot wants to trade (`order_intent`). Returns its id, for `order` and `gate`."""
        made = _id_of(fields, "intent_id") or self._new_id("intent")
        self.emit("order_intent", {**fields, "intent_id": made})
        return made

    def order(self, intent: Optional[str] = None, **fields: Any) -> str:
        """An order, or a change of its state. Returns its id, for `fill` and for the next change."""
        intent_id = _id_of(fields, "intent_id") if intent is None else _safe_str(intent)
        made = _id_of(fields, "order_id") or self._new_id("order")
        self._link(made, intent_id)
        self.emit("order", {"status": "submitted", **fields, "order_id": made, **_given(intent_id=intent_id)})
        return made

    def fill(self, order: Optional[str] = None, **fields: Any) -> str:
        """What an order filled (`execution`). Give `venue_fill_id` where the venue has one. Returns the fill's id."""
        order_id = _id_of(fields, "order_id") if order is None else _safe_str(order)
        intent_id = _id_of(fields, "intent_id") or (self._linked(order_id) if order_id else None)
        made = _id_of(fields, "fill_id") or self._new_id("fill")
        ids = _given(order_id=order_id, intent_id=intent_id)
        self.emit("execution", {"result": "filled", **fields, "fill_id": made, **ids})
        return made

    def gate(self, name: str, passed: Optional[bool], intent: Optional[str] = None, **fields: Any) -> bool:
        """The verdict of one gate; `passed` None where it could not judge."""
        return self.emit("gate", {**fields, "name": name, "passed": passed, **_given(intent_id=intent)})

    def error(self, error: Any, order: Optional[str] = None, **fields: Any) -> bool:
        """Something that failed: an exception, with its stack, or a text."""
        return self.emit("error", {**_error_fields(error), **fields, **_given(order_id=order)})

    def health(self, **fields: Any) -> bool:
        """How the bot is doing; `session_phase` start, beat or stop."""
        return self.emit("health", {"session_phase": "beat", **fields})

    def bind(self, **context: Any) -> "_Child":
        """An emitter of the same queue that adds these fields to every event, such as `symbol`."""
        return _Child(self, context)


class _Child(_Calls):
    def __init__(self, parent: _Calls, context: Mapping[str, Any]) -> None:
        self._parent = parent
        self._context = dict(context)
        self._new_id = parent._new_id  # type: ignore[method-assign]
        self._link = parent._link  # type: ignore[method-assign]
        self._linked = parent._linked  # type: ignore[method-assign]

    def emit(self, stream: str, event: Fields = None, /, **fields: Any) -> bool:
        try:
            return self._parent.emit(stream, {**self._context, **dict({} if event is None else event), **fields})
        except Exception:  # an event that is no mapping: the emitter counts it
            return self._parent.emit(stream, event)


def _id_of(fields: Dict[str, Any], name: str) -> Optional[str]:
    value = fields.get(name)
    return None if value is None else _safe_str(value) or None


def _given(**ids: Any) -> Dict[str, str]:
    return {name: _safe_str(value) for name, value in ids.items() if value is not None}


def _error_fields(error: Any) -> Dict[str, Any]:
    if not issubclass(type(error), BaseException):  # what `isinstance` asks may throw
        return {"message": _safe_str(error), "level": "error"}
    try:
        stack: Optional[str] = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception:
        stack = None
    return {
        "message": _safe_str(error),
        "error_type": type(error).__name__,
        "stacktrace": stack,
        "level": "error",
        "is_error": True,
    }


def _safe_str(value: Any) -> str:
    if type(value) is str:
        return value
    try:
        return str.__str__(str(value))
    except Exception:
        return f"[unprintable {type(value).__name__}]"


class Emitter(_Calls):
    """Takes events at once and sends them in the background.

    strategy_id       the strategy all events belong to, unless an event says otherwise
    session_id        this run of the bot. Default: a new one for each process
    mode              live, paper, backtest, shadow or testnet. Default: not said, which is a class of its own
    endpoint          a desk. Default: http://127.0.0.1:4573; with "aws" AWS's own
    token, ca_file    for a desk that asks for a token (also from NIGHTDESK_TOKEN), or whose certificate is your own
    sink              "desk", "aws" (needs boto3, `delivery_stream` and, unless boto3 knows it, `region`), or an object
                      with `name` and `send(records)`: an answer per record, None or a code; raises Unavailable, Refused
    spool_dir         folder in which events wait that are not delivered yet. They survive the process; what a dead
                      one left is sent by the next. Default: none, events wait in memory
    write_through     with a spool: `emit` returns once the operating system has the event, so that no kill -9 loses it.
                      Default: a thread spools, which takes it a few milliseconds
    max_spool_bytes   most that the spool of one process takes. Default: 256 MiB; beyond it the oldest segment goes
    max_queue         most events in memory, and max_queue_bytes their bytes. Default: 10,000 and 32 MiB; beyond
                      them the oldest go, those of PRECIOUS streams last
    max_event_bytes   largest event, as sent. Default and limit: 1,024,000; larger ones are dropped, an `error` says so
    linger_s          how long an event waits for others to travel with. Default: 0.5
    timeout_s         of one call. Default: 10
    retry_for_s       after how long without success a batch is given up. Default: never, the bounds above hold
    max_backoff_s     longest pause between two tries. Default: 30
    metrics_every_s   how often a `system` event says how process and emitter are. Default: 60; 0 never
    exit_timeout_s    how long the end of the process waits for the rest. Default: 5
    on_sigterm        whether SIGTERM, where nobody else handles it, flushes before it ends the process. Default: yes
    context           fields of every event, such as venue or symbol

    Raises ValueError for settings that make no sense, ImportError for "aws" without boto3. Nothing else raises, ever.
    """

    def __init__(
        self,
        strategy_id: str,
        session_id: Optional[str] = None,
        mode: Optional[str] = None,
        *,
        endpoint: Optional[str] = None,
        token: Optional[str] = None,
        ca_file: Optional[str] = None,
        sink: Any = "desk",
        delivery_stream: str = "",
        region: Optional[str] = None,
        spool_dir: Optional[str] = None,
        write_through: bool = False,
        max_spool_bytes: int = 256 * 1024 * 1024,
        max_queue: int = 10_000,
        max_queue_bytes: int = 32 * 1024 * 1024,
        max_event_bytes: int = MAX_RECORD_BYTES,
        linger_s: float = 0.5,
        timeout_s: float = 10.0,
        retry_for_s: Optional[float] = None,
        max_backoff_s: float = 30.0,
        metrics_every_s: float = 60.0,
        exit_timeout_s: float = 5.0,
        on_sigterm: bool = True,
        context: Fields = None,
        _uid: Optional[str] = None,
        _now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        if not isinstance(strategy_id, str) or not strategy_id:
            raise ValueError(f"strategy_id must be a text that is not empty, got {_shown(strategy_id)}")
        if mode is not None and mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {_shown(mode)}")
        _whole_number("max_queue", max_queue, 1, 10_000_000)
        _whole_number("max_queue_bytes", max_queue_bytes, 64 * 1024, 2**40)
        _whole_number("max_spool_bytes", max_spool_bytes, 1024 * 1024, 2**50)
        _whole_number("max_event_bytes", max_event_bytes, 1024, MAX_RECORD_BYTES)
        _number("linger_s", linger_s, 0, 3600)
        _number("timeout_s", timeout_s, 0.01, 3600)
        _number("max_backoff_s", max_backoff_s, 0.001, 3600)
        _number("metrics_every_s", metrics_every_s, 0, 86_400)
        _number("exit_timeout_s", exit_timeout_s, 0, 3600)
        if retry_for_s is not None:
            _number("retry_for_s", retry_for_s, 0, 10**9)
        if write_through and spool_dir is None:
            raise ValueError("write_through needs spool_dir")
        if sink == "desk":
            token = token or os.environ.get("NIGHTDESK_TOKEN") or None
            sink = HttpSink(endpoint or DEFAULT_ENDPOINT, token, timeout_s, ca_file)
        elif sink == "aws":
            sink = FirehoseSink(delivery_stream, region, timeout_s, endpoint)
        elif not callable(getattr(sink, "send", None)):
            raise ValueError(f'sink must be "desk", "aws" or an object with send(records), got {_shown(sink)}')

        self._sink = sink
        self._context: Dict[str, Any] = {"strategy_id": strategy_id}
        self._session_given = session_id
        self._mode = mode
        self._more = dict(context or {})
        self._spool_root = os.path.abspath(spool_dir) if spool_dir is not None else None
        self._write_through = write_through
        self._max_spool_bytes = max_spool_bytes
        self._queue = (max_queue, max_queue_bytes)
        self._max_event_bytes = max_event_bytes
        self._linger_s = linger_s
        self._retry_for_s = retry_for_s
        self._max_backoff_s = max_backoff_s
        self._metrics_every_s = metrics_every_s
        self._exit_timeout_s = exit_timeout_s
        self._uid_given = _uid
        self._now_ns = _now_ns
        self._begin()
        _LIVING.add(self)
        if on_sigterm:
            _flush_on_sigterm()
        if self._spool_root is not None:
            with self._lock:
                self._wake()  # what an earlier process left is sent even where this one says nothing

    def _begin(self) -> None:
        """State of this process; begun anew in a forked child, whose parent sends what was there before."""
        self._lock = threading.Condition(threading.RLock())
        self._outbox = Outbox(*self._queue)
        self._uid = self._uid_given or secrets.token_hex(8)
        self._seq = 0
        self._ids = 0
        self._links: "collections.OrderedDict[str, str]" = collections.OrderedDict()
        session = self._session_given or f"{self._uid}"
        self._header = {**self._context, "session_id": session, **_given(mode=self._mode), **self._more}
        self._emitted = self._recovered = self._delivered = self._retried = self._calls = self._cut = 0
        self._dropped: Dict[str, int] = {}
        self._accepted = self._left = 0  # own events that entered, and that ended, in order but for evictions
        self._flight_first = 0
        self._thread: Optional[threading.Thread] = None
        self._spool_thread: Optional[threading.Thread] = None
        self._napping = self._spool_napping = False
        self._to_say: List[str] = []
        self._closing = self._closed = False
        self._deadline: Optional[float] = None
        self._hurry = False
        self._first_waiting_s: Optional[float] = None
        self._shipment: Optional[Tuple[str, Any, Shipment]] = None
        self._failing_since: Optional[float] = None
        self._failures = 0
        self._next_try_s = 0.0
        self._last_error: Optional[str] = None
        self._spool: Optional[Spool] = None
        self._spool_held = 0
        self._spool_failed_s: Optional[float] = None
        self._spool_error: Optional[str] = None
        self._orphans: List[Spool] = []
        self._orphans_held = 0
        self._orphans_looked_s = float("-inf")
        self._turn = 0
        self._metrics_s = time.monotonic()
        self._metrics_cpu_s = time.process_time()
        self._started_s = time.monotonic()

    # ----- in the bot's threads

    def emit(self, stream: str, event: Fields = None, /, **fields: Any) -> bool:
        """Takes one event: a mapping, fields, or both. Returns whether it was taken; `stats()` says why not."""
        try:
            return self._emit(stream, {**event, **fields} if event is not None else fields)
        except Exception as error:
            try:
                with self._lock:
                    self._emitted += 1
                    self._drop("unserialisable", 1, f"{type(error).__name__} in an event of {_safe_str(stream)[:40]}")
            except Exception:
                pass
            return False

    def _emit(self, stream: str, fields: Mapping[Any, Any]) -> bool:
        plainer = _Plainer()
        stream = plainer.plain(str(stream))
        plain = plainer.object({**self._header, **fields})
        if plainer.nonfinite:
            known = plain.get("nonfinite")
            plain["nonfinite"] = (known if isinstance(known, list) else []) + plainer.nonfinite
        event_id = plain.pop("event_id", None)
        for name in ("stream", "schema_version", "seq", "emitted_at", "emitter_version"):
            plain.pop(name, None)
        rest = _encode(plain)
        if _suspicious(rest):
            rest = _encode(_redacted(plain))
        name = _encode(stream)
        with self._lock:
            if self._closed or self._closing:
                self._emitted += 1
                self._drop("after_close", 1)
                return False
            self._seq += 1
            own_id = f"{self._uid}-{self._seq}" if event_id in (None, "") else str(event_id)
            text = (
                f'{{"event_id":{_encode(own_id)},"stream":{name},"schema_version":1,"seq":{self._seq},'
                f'"emitted_at":"{_iso(self._now_ns())}","emitter_version":"{EMITTER_VERSION}"'
            )
            line = f"{text}{'}' if rest == '{}' else ',' + rest[1:]}".encode("utf-8")
            self._emitted += 1  # only now: what fails before is counted by the caller
            self._cut += plainer.cut
            if len(line) + 1 > self._max_event_bytes:
                return self._too_large(stream, own_id, len(line))
            self._accepted += 1
            self._take(line, stream in PRECIOUS)
            return True

    def _too_large(self, stream: str, event_id: str, size: int) -> bool:
        why = f"an event of {size} bytes was dropped, at most {self._max_event_bytes - 1} go"
        self._drop("too_large", 1, f"{why} ({stream[:100]})")
        if stream != "error":
            self.emit("error", message=why, component="nightdesk", level="error", code="too_large",
                      log_type=stream[:100], dropped_event_id=event_id[:200])
        return False

    def _take(self, line: bytes, precious: bool) -> None:
        if self._write_through and len(self._outbox) == 0 and self._spool_failed_s is None:
            if self._spool is None:
                self._open_spool()
            if self._spool is not None and self._count_spooled([line], self._try_spool([line])):
                self._wake()
                return
        gone = self._outbox.push(line, precious)
        if gone:
            self._left += len(gone)
            self._drop("overflow", len(gone), "the queue is full")
        self._wake()

    def _wake(self) -> None:
        """Under the lock. Threads are begun when they are first needed, for a fork takes none along."""
        if self._first_waiting_s is None:
            self._first_waiting_s = time.monotonic()
        if self._thread is None or not self._thread.is_alive():
            self._thread = self._start(self._work, "nightdesk")
            if self._spool_root is not None and self._thread is not None:
                self._spool_thread = self._start(self._work_spool, "nightdesk-spool")
        # A thread that waits for a batch to fill up is woken once it is full, not by every event.
        full = len(self._outbox) + self._spool_held >= PACK_LINES or self._outbox.bytes >= PACK_BYTES
        if self._napping or full or (self._spool_napping and self._outbox.waiting > 0):
            self._napping = self._spool_napping = False
            self._lock.notify_all()

    def _start(self, work: Callable[[], None], name: str) -> Optional[threading.Thread]:
        thread = threading.Thread(target=work, name=name, daemon=True)
        try:
            thread.start()
            return thread
        except RuntimeError as error:  # no more threads, or the interpreter is ending: `close` sends the rest
            self._note(f"no thread: {error}")
            return None

    def _drop(self, reason: str, count: int, why: Optional[str] = None) -> None:
        self._dropped[reason] = self._dropped.get(reason, 0) + count
        if why is not None:
            self._note(why, warn=self._dropped[reason] == count)

    def _note(self, text: str, warn: bool = False) -> None:
        self._last_error = text[:500]
        if warn:
            # Said by our own thread: a handler may be slow, and may wait for a lock whose holder waits for ours.
            self._to_say.append(self._last_error)
            del self._to_say[:-20]

    def _new_id(self, kind: str) -> str:
        with self._lock:
            self._ids += 1
            return f"{kind}_{self._uid}_{self._ids}"

    def _link(self, order_id: str, intent_id: Optional[str]) -> None:
        if intent_id is None:
            return
        with self._lock:
            self._links[order_id] = intent_id
            if len(self._links) > 10_000:
                self._links.popitem(last=False)

    def _linked(self, order_id: str) -> Optional[str]:
        with self._lock:
            return self._links.get(order_id)

    def flush(self, timeout: float = 5.0) -> bool:
        """Waits so many seconds until all that was emitted so far is delivered or dropped. Returns whether it is."""
        try:
            end = time.monotonic() + timeout
            with self._lock:
                goal = self._accepted
                self._hurry = True
                self._next_try_s = 0.0
                if goal > self._left:
                    self._wake()
                self._lock.notify_all()
                while not self._ended(goal):
                    rest = end - time.monotonic()
                    if rest <= 0 or self._closed:
                        return False
                    self._lock.wait(min(rest, 0.5))
                return True
        except Exception as error:
            self._note(f"flush: {error}")
            return False

    def _ended(self, goal: int) -> bool:
        return self._left >= goal and not 0 < self._flight_first <= goal

    def close(self, timeout: float = 5.0) -> Dict[str, int]:
        """Takes nothing more, sends the rest for so many seconds, and lets go. What is left stays in the spool.

        Returns how many events were delivered and dropped, and how many are still held.
        """
        try:
            end = self._hurry_to_close(timeout)
            thread = self._thread
            if thread is None:
                if not self._closed:
                    self._work()
            elif thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()) + 0.1)
            with self._lock:
                if not self._closed:  # the thread is inside a call that outlasts us
                    self._rest_to_spool()
                self._closed = True
                self._lock.notify_all()
        except Exception as error:
            self._note(f"close: {error}")
        stats = self.stats()
        return {"delivered": stats["delivered"], "dropped": sum(stats["dropped"].values()), "held": stats["held"]}

    def _hurry_to_close(self, timeout: float) -> float:
        with self._lock:
            if not self._closing:
                self._closing = self._hurry = True
                self._next_try_s = 0.0
                self._deadline = time.monotonic() + timeout
            self._lock.notify_all()
            return self._deadline if self._deadline is not None else time.monotonic()

    def stats(self) -> Dict[str, Any]:
        """What became of all events: `emitted + recovered = delivered + sum(dropped) + held`, at any time."""
        spools = self._spools()
        spool_bytes = sum(one.bytes for one in spools)
        spooled_at = [one.oldest_s for one in spools]
        with self._lock:
            held = len(self._outbox) + self._spool_held + self._orphans_held
            oldest = None if held == 0 else self._oldest_age_s(spooled_at)
            return {
                "emitted": self._emitted,
                "recovered": self._recovered,
                "delivered": self._delivered,
                "dropped": dict(self._dropped),
                "held": held,
                "queued": len(self._outbox),
                "spooled": self._spool_held + self._orphans_held,
                "spool_bytes": spool_bytes,
                "oldest_age_s": oldest,
                "calls": self._calls,
                "retried": self._retried,
                "cut": self._cut,
                "failing_s": None if self._failing_since is None else time.monotonic() - self._failing_since,
                "last_error": self._last_error,
                "spool_error": self._spool_error,
            }

    def _spools(self) -> List[Spool]:
        return ([] if self._spool is None else [self._spool]) + list(self._orphans)

    def _oldest_age_s(self, spooled_at: Sequence[float]) -> float:
        ages = [0.0 if self._first_waiting_s is None else time.monotonic() - self._first_waiting_s]
        ages += [time.time() - at for at in spooled_at if at > 0]
        return max(0.0, *ages)

    def __enter__(self) -> "Emitter":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is not None and isinstance(error, Exception):
            self.error(error, component="bot")
        self.close(self._exit_timeout_s)

    # ----- in the thread

    def _work(self) -> None:
        while True:
            try:
                if not self._step():
                    return
            except Exception as error:  # a defect of ours must not end the thread
                with self._lock:
                    self._note(f"{type(error).__name__}: {error}", warn=True)
                    self._next_try_s = time.monotonic() + 1.0
                    if self._closing and self._past_deadline():
                        self._finish_anyway()
                        return
                time.sleep(0.05)

    def _step(self) -> bool:
        """Does what is due, or waits for it. Returns False once all is said and done."""
        for text in self._said():
            _log.warning("%s", text)
        self._look_for_orphans()
        if self._spool_thread is None or self._closing:  # the other thread ends as soon as we close
            self._spool_some()
        self._report()
        now = time.monotonic()
        with self._lock:
            finished = self._shipment is None and not self._anything()
            if self._closing and (finished or self._past_deadline()):
                self._finish()
                return False
            if finished:
                self._hurry = False
                self._first_waiting_s = None
            wait_s = self._wait_s(now)
            if wait_s > 0:
                self._napping = finished
                self._lock.wait(wait_s)
                self._napping = False
                return True
        self._ship()
        return True

    def _said(self) -> List[str]:
        with self._lock:
            said, self._to_say = self._to_say, []
            return said

    def _past_deadline(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _anything(self) -> bool:
        return len(self._outbox) > 0 or self._spool_held > 0 or self._orphans_held > 0

    def _wait_s(self, now: float) -> float:
        """How long until the next call is due; 0 where it is."""
        longest = self._metrics_s + self._metrics_every_s - now if self._metrics_every_s > 0 else 60.0
        longest = max(0.01, min(longest, 30.0))
        if not self._anything() and self._shipment is None:
            return longest
        if self._deadline is not None:
            longest = max(0.001, min(longest, self._deadline - now))
        if now < self._next_try_s:
            return min(longest, self._next_try_s - now)
        if self._shipment is not None or self._hurry or self._orphans_held > 0:
            return 0.0
        if self._outbox.bytes + (self._spool.bytes if self._spool is not None else 0) >= PACK_BYTES:
            return 0.0
        if len(self._outbox) + self._spool_held >= PACK_LINES:
            return 0.0
        lingered = now - (self._first_waiting_s or now)
        return min(longest, max(0.0, self._linger_s - lingered))

    def _ship(self) -> None:
        if self._shipment is None:
            self._shipment = self._next_shipment()
        if self._shipment is None:
            with self._lock:
                self._lock.wait(0.002)  # the other thread is just spooling
            return
        source, _, shipment = self._shipment
        before = (shipment.delivered, shipment.refused)
        failure: Optional[Exception] = None
        try:
            shipment.call(self._sink.send)
        except Exception as error:  # also of a sink that is not ours
            failure = error
        with self._lock:
            self._calls += 1
            delivered, refused = shipment.delivered - before[0], shipment.refused - before[1]
            # What is delivered leaves when its whole batch does, so that nothing is counted twice.
            if failure is None:
                self._failures, self._failing_since = 0, None
            else:
                self._failed(failure, progress=delivered + refused > 0)
            gave_up = (
                failure is not None
                and self._retry_for_s is not None
                and self._failing_since is not None
                and time.monotonic() - self._failing_since >= self._retry_for_s
            )
            if not shipment.pending or gave_up:
                self._arrived(source, shipment)
            elif source == "queue" and self._spool_root is not None and self._retry_spool():
                self._shipment[1].settle(False)  # they wait on the disk, now that it may take them
                self._shipment, self._flight_first = None, 0
            self._lock.notify_all()

    def _failed(self, failure: Exception, progress: bool) -> None:
        now = time.monotonic()
        first = self._failing_since is None
        if first:
            self._failing_since = now
        self._failures = 1 if progress else self._failures + 1
        self._retried += 1
        pause = min(self._max_backoff_s, 0.1 * 2 ** min(self._failures, 20)) * random.uniform(0.5, 1.0)
        self._next_try_s = now + max(pause, getattr(failure, "retry_after_s", 0.0))
        where = getattr(self._sink, "name", "the sink")
        self._note(f"{where} takes nothing, events are held: {_safe_str(failure)}", warn=first)

    def _next_shipment(self) -> Optional[Tuple[str, Any, Shipment]]:
        """The next batch: of this process and of a dead one by turns, so that neither waits for the other."""
        self._turn += 1
        if self._orphans and (self._turn % 2 == 0 or (self._spool_held == 0 and len(self._outbox) == 0)):
            orphan = self._orphans[0]
            lines = orphan.take()
            if lines:
                return ("orphan", orphan, Shipment(_one_batch(lines)))
            self._orphan_done()
            return None
        if self._spool is not None and self._spool_held > 0:
            lines = self._spool.take()
            with self._lock:
                self._count_damaged()
                if not lines:
                    return None
                self._flight_first = self._left + 1
            return ("spool", self._spool, Shipment(_one_batch(lines)))
        with self._lock:
            if self._spool_root is not None and self._spool_failed_s is None:
                return None  # they go through the spool
            lines = [] if self._outbox.flying else self._outbox.take(PACK_LINES * 4, PACK_BYTES)
            if not lines:
                return None
            self._flight_first = self._left + 1
            self._first_waiting_s = None if self._outbox.waiting == 0 else time.monotonic()
        return ("queue", self._outbox, Shipment(_one_batch(lines)))

    def _arrived(self, source: str, shipment: Shipment) -> None:
        """The flight has ended: counts what became of it."""
        left = sum(len(record) for record in shipment.pending)
        count = shipment.delivered + shipment.refused + left
        assert self._shipment is not None
        self._shipment[1].settle(True)
        self._shipment = None
        self._delivered += shipment.delivered
        if shipment.refused:
            self._drop("refused", shipment.refused, "the sink refuses an event for good")
        if left:
            self._drop("gave_up", left, "a batch was given up")
        if source == "orphan":
            self._orphans_held -= count
            self._orphan_done()
            return
        self._left += count
        self._flight_first = 0
        if source == "spool":
            self._spool_held -= count

    def _count_damaged(self) -> None:
        spool = self._spool
        if spool is not None and spool.damaged:
            self._drop("spool_damaged", spool.damaged, "the spool was damaged")
            self._spool_held -= spool.damaged
            self._left += spool.damaged
            spool.damaged = 0

    # ----- the spool

    def _spool_name(self) -> str:
        """Spools of other destinations are not ours to drain."""
        name = str(getattr(self._sink, "name", type(self._sink).__name__))
        return f"py-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"

    def _open_spool(self) -> None:
        assert self._spool_root is not None
        try:
            self._spool = Spool.create(self._spool_root, self._spool_name(), self._max_spool_bytes)
            self._spool_failed_s = self._spool_error = None
        except Exception as error:
            self._spool_problem(error)

    def _spool_problem(self, error: Exception) -> None:
        first = self._spool_error is None
        self._spool_failed_s = time.monotonic()
        self._spool_error = f"{type(error).__name__}: {error}"[:300]
        self._note(f"the spool cannot be written, events wait in memory: {self._spool_error}", warn=first)

    def _try_spool(self, lines: List[bytes]) -> Optional[int]:
        """Writes to the spool. Returns how many older lines had to go; -1: these did; None: the disk fails."""
        assert self._spool is not None
        try:
            return self._spool.append(lines)
        except OSError as error:
            self._spool_problem(error)
            return None

    def _count_spooled(self, lines: List[bytes], evicted: Optional[int]) -> bool:
        """Under the lock. Returns False where the lines have to stay in memory."""
        if evicted is None:
            return False
        gone = len(lines) if evicted < 0 else evicted
        self._spool_held += len(lines) - gone
        if gone:
            self._left += gone
            self._drop("spool_full", gone, "the spool is full")
        return True

    def _work_spool(self) -> None:
        """Brings what waits in memory to the disk, whatever the network does."""
        while True:
            try:
                with self._lock:
                    if self._closing:
                        self._lock.notify_all()
                        return
                    if not self._spoolable():
                        self._spool_napping = True
                        self._lock.wait(1.0)
                time.sleep(0.002)  # one write for a burst, not one for each event
                self._spool_some()
            except Exception as error:
                with self._lock:
                    self._note(f"{type(error).__name__}: {error}", warn=True)
                time.sleep(0.5)

    def _spoolable(self) -> bool:
        return self._retry_spool() and self._outbox.waiting > 0 and self._outbox.flying == 0

    def _retry_spool(self) -> bool:
        """Whether the disk works, as far as is known; one that failed is given another chance after a while."""
        if self._spool_failed_s is not None and time.monotonic() - self._spool_failed_s >= 5.0:
            self._spool_failed_s = None
        return self._spool_failed_s is None

    def _spool_some(self) -> None:
        if self._spool_root is None:
            return
        with self._lock:
            if not self._spoolable():
                return
            if self._spool is None:
                self._open_spool()
            if self._spool is None:
                return
            lines = self._outbox.take(1_000, self._spool.segment_bytes)
        evicted = self._try_spool(lines)  # not under the lock: a slow disk must not stop the bot
        with self._lock:
            done = self._count_spooled(lines, evicted)
            self._outbox.settle(done)
            if done:
                self._spool_error = None
            self._lock.notify_all()

    def _rest_to_spool(self) -> None:
        """At the end, under the lock: what is still in memory goes where the next process finds it."""
        while self._spool is not None and self._outbox.waiting > 0 and self._outbox.flying == 0:
            lines = self._outbox.take(1_000, self._spool.segment_bytes)
            done = self._count_spooled(lines, self._try_spool(lines))
            self._outbox.settle(done)
            if not done:
                return

    def _finish(self) -> None:
        shipment, self._shipment = self._shipment, None
        if shipment is not None:
            shipment[1].settle(False)
        elif self._spool_thread is not None:
            end = time.monotonic() + 10.0
            while self._outbox.flying and self._spool_thread.is_alive() and time.monotonic() < end:
                self._lock.wait(0.05)  # the other thread is just writing these, and a disk may be slow
        if self._spool_root is not None and self._spool is None and len(self._outbox) > 0:
            self._open_spool()
        self._rest_to_spool()
        for spool in self._spools():
            spool.close()
        if hasattr(self._sink, "close"):
            self._sink.close()
        self._closed = True
        self._lock.notify_all()

    def _finish_anyway(self) -> None:
        """After a defect: what waits goes to the disk, and the folder is let go of, or nobody could take it over."""
        try:
            if not self._closed:
                self._finish()
        except Exception as error:
            self._note(f"{type(error).__name__}: {error}")
        self._closed = True
        self._lock.notify_all()

    def _look_for_orphans(self) -> None:
        now = time.monotonic()
        if self._spool_root is None or self._orphans or self._closing or now - self._orphans_looked_s < 30.0:
            return
        self._orphans_looked_s = now
        try:
            names = sorted(os.listdir(self._spool_root))
        except OSError:
            return
        for name in names:
            path = os.path.join(self._spool_root, name)
            if name.startswith(".new-"):
                _clear_unborn(path)
            # Those of this process, and of others that live, are locked.
            orphan = Spool.adopt(path) if name.startswith(f"{self._spool_name()}-") else None
            if orphan is None:
                continue
            lines = orphan.lines
            if lines == 0:
                orphan.close()
                continue
            with self._lock:
                self._orphans.append(orphan)
                self._orphans_held += lines
                self._recovered += lines
            if len(self._orphans) >= 16:
                self._orphans_looked_s = float("-inf")  # there may be more
                return

    def _orphan_done(self) -> None:
        with self._lock:
            orphan = self._orphans[0]
            if orphan.lines > 0:
                return
            self._orphans.pop(0)
            self._orphans_held -= orphan.damaged
            if orphan.damaged:
                self._drop("spool_damaged", orphan.damaged, "a dead process's spool was damaged")
        orphan.close()

    # ----- how process and emitter are

    def _report(self) -> None:
        now = time.monotonic()
        if self._metrics_every_s <= 0 or self._closing or now - self._metrics_s < self._metrics_every_s:
            return
        cpu_s = time.process_time()
        percent = 100 * (cpu_s - self._metrics_cpu_s) / (now - self._metrics_s)
        self._metrics_s, self._metrics_cpu_s = now, cpu_s
        stats = self.stats()
        self.emit(
            "system",
            event="metrics",
            component="nightdesk",
            level="info",
            cpu_percent=round(percent, 2),
            uptime_s=round(now - self._started_s, 3),
            threads=threading.active_count(),
            pid=os.getpid(),
            emitter={name: stats[name] for name in _REPORTED},
            **_memory(),
        )

    def _after_fork(self) -> None:
        for spool in self._spools():
            spool.abandon()
        if hasattr(self._sink, "forget"):
            self._sink.forget()
        self._begin()


_REPORTED = ("emitted", "recovered", "delivered", "dropped", "held", "queued", "retried", "spool_bytes", "oldest_age_s")


def _one_batch(lines: List[bytes]) -> List[List[bytes]]:
    """Records of lines that were taken as one batch."""
    batches, _ = pack(lines)
    return [record for batch in batches for record in batch]


def _clear_unborn(path: str) -> None:
    """A folder whose process died before it had its name; a minute is long for that."""
    try:
        if time.time() - os.stat(path).st_mtime > 60:
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass


def _memory() -> Dict[str, Any]:
    """What Linux says of this process; elsewhere nothing."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[1]) * page
        whole = os.sysconf("SC_PHYS_PAGES") * page
        return {
            "memory_mb": round(used / 1e6, 1),
            "memory_percent": round(100 * used / whole, 2),
            "open_files": len(os.listdir("/proc/self/fd")),
        }
    except (OSError, ValueError, AttributeError):
        return {}


def _whole_number(name: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, got {_shown(value)}")


def _number(name: str, value: Any, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError(f"{name} must be a number from {least} to {most}, got {_shown(value)}")


# --- logging --------------------------------------------------------------------------------------------------------


class NightdeskHandler(logging.Handler):
    """Log records as events: ERROR and above of stream `error`, with the stack, the rest of stream `system`.

        logging.getLogger().addHandler(NightdeskHandler(desk, level=logging.WARNING))
    """

    def __init__(self, emitter: _Calls, level: int = logging.WARNING) -> None:
        super().__init__(level)
        self._emitter = emitter

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # What our own thread, or what it calls, logs would make events of events.
            if record.name.split(".")[0] == "nightdesk" or str(record.threadName).startswith("nightdesk"):
                return
            ts = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
            level = record.levelname.lower()
            said = {"ts": ts, "message": _message_of(record), "component": record.name, "level": level}
            if record.levelno < logging.ERROR:
                self._emitter.emit("system", {**said, "event": "log", "is_error": False})
                return
            error = record.exc_info[1] if record.exc_info else None
            more = _error_fields(error) if error is not None else {"is_error": True}
            self._emitter.emit("error", {**more, **said})
        except Exception:
            pass


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit their message
        return _safe_str(record.msg)


# --- the end of the process -----------------------------------------------------------------------------------------

_LIVING: "weakref.WeakSet[Emitter]" = weakref.WeakSet()


def _close_all() -> None:
    living = [one for one in list(_LIVING) if not one._closed]
    for one in living:
        one._hurry_to_close(one._exit_timeout_s)
    for one in living:
        one.close(one._exit_timeout_s)


def _begin_all_anew() -> None:
    for one in list(_LIVING):
        try:
            one._after_fork()
        except Exception:
            pass


def _flush_on_sigterm() -> None:
    """Python ends at SIGTERM without a word to atexit. Where nobody handles it we do, and end as we would have."""
    if threading.current_thread() is not threading.main_thread():
        return
    try:
        if signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
            return
        signal.signal(signal.SIGTERM, _on_sigterm)
    except (ValueError, OSError):
        pass


def _on_sigterm(number: int, _frame: Any) -> None:
    living = [one for one in list(_LIVING) if not one._closed]
    if any(one._lock._is_owned() for one in living):  # type: ignore[attr-defined]
        # The signal came in the middle of a call of ours, which must end before anything can be sent.
        threading.Thread(target=_close_and_repeat, args=(number,), daemon=True).start()
        return
    _close_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _close_and_repeat(number: int) -> None:
    _close_all()
    os.kill(os.getpid(), number)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all_anew)
