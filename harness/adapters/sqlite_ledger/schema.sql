-- A ledger file, version 1 (PRAGMA user_version). Another process may read it while a server writes it:
--
--     sqlite3 ledger.db "SELECT run, number, destination, status FROM recorded"

CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used again, so that what is being deleted cannot be mistaken
    name TEXT UNIQUE                        -- null: forgotten, and about to be deleted with all that it recorded
);

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,                 -- run.id * 2^36 + number: all deliveries of a run stand together, in order
    destination TEXT NOT NULL,
    kind TEXT,                              -- null: unexpected, there was no such destination
    attempt INTEGER NOT NULL,
    received_at INTEGER NOT NULL,           -- the run's clock, in microseconds since 1970
    arrived_at INTEGER NOT NULL,            -- the wall clock
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    headers BLOB NOT NULL,                  -- as they came, a line each
    body BLOB NOT NULL,                     -- after content decoding
    payloads INTEGER NOT NULL,              -- how many the body holds
    status INTEGER,                         -- null: the connection was cut
    detail TEXT                             -- JSON: violations, and what there is to the reply besides its status
);

CREATE INDEX delivery_of_list ON delivery (id) WHERE kind = 'list';
CREATE INDEX delivery_unexpected ON delivery (id) WHERE kind IS NULL;

CREATE TABLE loss (                         -- what came and is not kept, or not as it would have been answered
    run INTEGER NOT NULL REFERENCES run,
    cause TEXT NOT NULL,                    -- a bound (max, max_age, max_bytes), or failed: answered 503
    why TEXT NOT NULL,
    count INTEGER NOT NULL,
    first INTEGER NOT NULL,                 -- numbers of the first and the last
    last INTEGER NOT NULL,
    PRIMARY KEY (run, cause, why)
) WITHOUT ROWID;

CREATE VIEW recorded AS
SELECT
    run.name AS run, delivery.id & 0xFFFFFFFFF AS number, destination, kind, kind IS NULL AS unexpected, attempt,
    strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1e6, 'unixepoch') AS received_at,
    method, path, CAST(headers AS TEXT) AS headers, CAST(body AS TEXT) AS body, status, detail
FROM delivery JOIN run ON run.id = delivery.id >> 36
WHERE run.name IS NOT NULL
ORDER BY delivery.id;
