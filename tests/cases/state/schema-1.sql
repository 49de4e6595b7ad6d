-- The state file as schema 1 was written, before rows had sums.
CREATE TABLE documents (
    seq         INTEGER PRIMARY KEY,          -- arrival order
    key         INTEGER NOT NULL,             -- first 8 bytes of the input hash
    path_key    INTEGER NOT NULL,             -- xxh3 of the path
    input       BLOB NOT NULL,                -- BLAKE3 of the document's bytes
    path        TEXT NOT NULL,                -- relative to the inbox, #n for a record
    cluster     INTEGER NOT NULL,             -- seq of the document that founded its article
    received_ms INTEGER NOT NULL,             -- Unix time in milliseconds
    twin        INTEGER,                      -- an earlier document with the same bytes, which holds the body
    body        BLOB                          -- zstd of the JSON of `Filed`; NULL for a twin
) STRICT;
CREATE INDEX documents_by_content ON documents (key, path_key);
CREATE INDEX documents_by_cluster ON documents (cluster);
CREATE TABLE sketches (                       -- what the near-copy index and the stories are rebuilt from
    seq     INTEGER PRIMARY KEY,
    cluster INTEGER NOT NULL,
    day     INTEGER NOT NULL,                 -- days since 1970-01-01 of arrival
    url     TEXT,
    brief   BLOB NOT NULL,
    terms   BLOB NOT NULL,
    roundup INTEGER NOT NULL DEFAULT 0        -- 1: a page that holds several articles
) STRICT;
CREATE TABLE comparisons (                    -- why a document was merged, and why a close one was not
    seq      INTEGER PRIMARY KEY,
    evidence BLOB NOT NULL                    -- JSON
) STRICT;
CREATE TABLE articles (
    cluster  INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    revision INTEGER NOT NULL,
    story    INTEGER NOT NULL,                -- cluster of the article that founded the story
    into_id  TEXT,                            -- the article that absorbed this one
    pending  INTEGER NOT NULL                 -- 1: the outbox does not show this state yet
) STRICT;
CREATE INDEX articles_pending ON articles (cluster) WHERE pending = 1;
CREATE INDEX articles_by_story ON articles (story);
CREATE TABLE feed (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    event    TEXT NOT NULL,                   -- created, updated, withdrawn
    id       TEXT NOT NULL,
    revision INTEGER NOT NULL,
    into_id  TEXT,
    at_ms    INTEGER NOT NULL
) STRICT;
CREATE TABLE lessons (                        -- what the site memory is rebuilt from
    seq         INTEGER PRIMARY KEY,          -- the document that taught it
    publication TEXT NOT NULL,
    lines       BLOB NOT NULL                 -- fingerprints, 8 bytes each, little endian
) STRICT;
CREATE TABLE forgotten (                      -- lessons of a publication up to `seq` no longer count
    publication TEXT PRIMARY KEY,
    seq         INTEGER NOT NULL
) STRICT;
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
