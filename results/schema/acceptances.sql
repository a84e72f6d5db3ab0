-- SPDX-License-Identifier: GPL-2.0-only
-- Version 2 of a history: what history.sql has, and which changes were accepted.
--
-- A metric that is worse for a good reason is worse every night. Who accepts that says so here.
-- From the night of that run on, the metric is compared with the nights since then. A row
-- is never changed or taken away, as all rows of a history; what was accepted by mistake gets
-- a second row that withdraws it. Of the rows of one run and metric, the last one counts.
-- The key is in front: the quick_check of SQLite 3.40 finds fault with any other order.
CREATE TABLE acceptances (
	run INTEGER NOT NULL REFERENCES runs(id),	-- the first one that is as it shall be
	metric INTEGER NOT NULL REFERENCES metrics(id),
	said TEXT NOT NULL,		-- when
	withdrawn INTEGER NOT NULL,	-- 1: not accepted after all, for that reason
	who TEXT NOT NULL,		-- user@host
	reason TEXT NOT NULL,
	pattern TEXT NOT NULL,		-- the metrics that were asked for, a glob
	PRIMARY KEY (run, metric, said, withdrawn)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER acceptances_stay_1 BEFORE UPDATE ON acceptances BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER acceptances_stay_2 BEFORE DELETE ON acceptances BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;

PRAGMA user_version = 2;
