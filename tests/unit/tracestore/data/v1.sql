-- A store of version 1, as it was written: tables and indexes of that version, and three spans of
-- two traces. Never change it: it stands for the files that people have.
CREATE TABLE names (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE keys (
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (scope, name)
) STRICT;
CREATE TABLE resources (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, service TEXT, attributes TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, version TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE TABLE traces (
    id INTEGER PRIMARY KEY, trace_id BLOB NOT NULL UNIQUE, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, root_start INTEGER, root_name INTEGER, root_resource INTEGER
) STRICT;
CREATE TABLE spans (
    id INTEGER PRIMARY KEY, trace INTEGER NOT NULL, span_id BLOB NOT NULL, parent_id BLOB,
    name INTEGER NOT NULL, kind INTEGER NOT NULL, "end" INTEGER NOT NULL,
    duration INTEGER NOT NULL, status INTEGER NOT NULL, status_message TEXT,
    resource INTEGER NOT NULL, scope INTEGER NOT NULL, flags INTEGER NOT NULL, attributes TEXT,
    rest BLOB
) STRICT;
CREATE UNIQUE INDEX spans_by_trace ON spans (trace, span_id, kind);
CREATE INDEX spans_by_name ON spans (name, "end", duration, trace);
CREATE INDEX spans_by_end ON spans ("end", duration, trace);
INSERT INTO names VALUES (1, 'backtest run'), (2, 'engine run');
INSERT INTO keys VALUES (1, 'resource', 'service.name'), (2, 'span', 'run_id'), (3, 'span', 'tags');
INSERT INTO resources VALUES (
    1, x'00', 'backend', '{"1":"backend"}',
    x'0a190a170a0c736572766963652e6e616d6512070a056261636b64'
);
INSERT INTO scopes VALUES (1, x'00', 'lab', '', x'0a050a036c6162');
INSERT INTO traces VALUES
    (1, x'000102030405060708090a0b0c0d0e0f', 1799999999000000000, 1800000000000000000,
     1799999999000000000, 1, 1),
    (2, x'ff0102030405060708090a0b0c0d0e0f', 1799999990000000000, 1799999999000000000, NULL, NULL,
     NULL);
INSERT INTO spans VALUES
    (1, 1, x'0000000000000001', NULL, 1, 1, 1800000000000000000, 1000000000, 0, NULL, 1, 1, 256,
     '{"2":"r1"}', NULL),
    (2, 1, x'0000000000000002', x'0000000000000001', 2, 1, 1799999999500000000, 500000000, 2,
     'boom', 1, 1, 256, '{"2":"r1","3":["x","y"]}', NULL),
    (700, 2, x'0000000000000003', x'0000000000000009', 2, 1, 1799999999000000000, 9000000000, 0,
     NULL, 1, 1, 256, NULL, NULL);
PRAGMA user_version = 1;
