-- A message bus as it is found on machines that run agents: three tables, a few habits of two programs.
-- Make the database of it with: sqlite3 message_bus.db < message_bus.sql
PRAGMA journal_mode = WAL;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  to_agent TEXT NOT NULL,
  from_agent TEXT NOT NULL,
  body TEXT NOT NULL,
  subject TEXT DEFAULT '(no subject)',
  priority TEXT DEFAULT 'normal',
  status TEXT DEFAULT 'unread',
  created_at TEXT DEFAULT CURRENT_TIMESTAMP,
  read_at TEXT,
  reply_to INTEGER REFERENCES messages(id)
);

CREATE TABLE agents (
  agent_id TEXT PRIMARY KEY,
  role TEXT,
  last_seen TEXT NOT NULL,
  status TEXT DEFAULT 'offline'
);

CREATE TABLE capabilities (
  agent_id TEXT NOT NULL,
  capability TEXT NOT NULL,
  level REAL
);

INSERT INTO agents VALUES
  ('builder', 'coder', '2026-02-17T11:05:41.120000', 'online'),
  ('tester', 'critic', '2026-02-17T11:06:02.000311', 'online'),
  ('lead agent', 'planner', '2026-02-17T10:59:00+00:00', 'offline');

INSERT INTO capabilities VALUES
  ('builder', 'typescript', 0.9),
  ('builder', 'sqlite', 0.7),
  ('tester', 'code review', 0.8);

INSERT INTO messages (id, to_agent, from_agent, body, subject, priority, status, created_at, read_at, reply_to) VALUES
  (1, 'builder', 'lead agent', 'Please add a retry to the fetch of prices.', 'TASK', 'high', 'read', '2026-02-17T09:00:00+00:00', '2026-02-17T09:00:31+00:00', NULL),
  (2, 'lead agent', 'builder', 'Done on branch retry-prices. Who looks at it?', 'RE: TASK', 'normal', 'read', '2026-02-17T09:41:12.250000', '2026-02-17T09:42:00+00:00', 1),
  (3, 'tester', 'lead agent', 'Please review retry-prices.', 'REVIEW', 'normal', 'read', '2026-02-17 09:45:00', '2026-02-17T09:46:10+00:00', NULL),
  (4, 'lead agent', 'tester', '{"verdict": "changes", "findings": ["no limit on retries", "no test"]}', 'JSON_MESSAGE', 'high', 'unread', '2026-02-17T10:20:33.001000', NULL, 3),
  (5, 'broadcast', 'lead agent', 'Freeze of main from 12:00 to 13:00 UTC.', 'NOTICE', 'urgent', 'unread', '2026-02-17T10:30:00Z', NULL, NULL),
  (6, 'archivist', 'builder', 'Keep the measurements of the old fetch.', '(no subject)', 'low', 'unread', '1771324800', NULL, NULL),
  (7, 'builder', 'tester', 'ping', '(no subject)', 'normal', 'unread', 'yesterday', NULL, NULL);
