-- SPDX-License-Identifier: GPL-2.0-only
-- The history of a lab: what each run of the suite came to, and what it measured.
--
-- Rows are added and never changed: the triggers at the end refuse it. A reader may rely on
-- the tables and columns of its version (PRAGMA user_version); what is not known is NULL.
-- application_id is the letters "vmig". Times are UTC, ISO 8601.
--
-- This file is version 1, acceptances.sql makes version 2 of it. A history of version 1 is read
-- as one without acceptances, and becomes version 2 when something is added to it.

-- One row a run. `uid` is the same in each history that the run is copied into.
CREATE TABLE runs (
	id INTEGER PRIMARY KEY,
	uid TEXT NOT NULL UNIQUE,	-- host/directory/sha256 of its results.json; up to vmig 0.1.0
					-- FNV-1a of 64 bits stood for the sha256
	night TEXT NOT NULL,		-- when the nightly began that it is of; else as started
	host TEXT NOT NULL,		-- name of the machine, or VMIG_HOST
	started TEXT NOT NULL,
	seconds REAL,
	place TEXT NOT NULL,		-- host; guest/tcg, guest/kvm, and in this order: +debug for
					-- that kernel, +stock for a distribution's, +32-bit for
					-- such programs
	kernel TEXT NOT NULL,		-- uname -r
	kernel_build TEXT,		-- uname -v
	arch TEXT,			-- uname -m
	suite_version TEXT,
	suite_commit TEXT,
	device TEXT NOT NULL,		-- the profile in a guest, the device's name on a host
	device_name TEXT,		-- an mdev of a guest has another one each time
	driver TEXT NOT NULL,
	driver_version TEXT,
	srcversion TEXT,
	firmware TEXT,			-- what simulated it
	profile TEXT,
	parameters TEXT NOT NULL,	-- of the guest's modules, empty for none
	globs TEXT NOT NULL,		-- the tests that were chosen, empty for all
	strict INTEGER NOT NULL,
	hazards INTEGER NOT NULL,
	status TEXT NOT NULL,		-- complete, interrupted, ...
	exit_code INTEGER NOT NULL,
	verdict TEXT NOT NULL,
	sentence TEXT NOT NULL,
	nr_tests INTEGER NOT NULL,
	nr_fail INTEGER NOT NULL,	-- fail, xpass
	nr_error INTEGER NOT NULL,	-- crashed, timeout, broken
	nr_xfail INTEGER NOT NULL,
	nr_pass INTEGER NOT NULL,	-- pass, warn
	nr_skip INTEGER NOT NULL,
	nr_missing INTEGER NOT NULL,	-- planned and not run
	nr_complaints INTEGER NOT NULL	-- of the kernel, that no profile expects
) STRICT;

CREATE INDEX runs_by_night ON runs(night, started);

CREATE TABLE tests (
	id INTEGER PRIMARY KEY,
	chapter TEXT NOT NULL,
	name TEXT NOT NULL,		-- fixture.variant.test
	UNIQUE (chapter, name)
) STRICT;

-- Each test of each run. `message` says why, where the outcome alone does not.
CREATE TABLE outcomes (
	run INTEGER NOT NULL REFERENCES runs(id),
	test INTEGER NOT NULL REFERENCES tests(id),
	outcome TEXT NOT NULL,		-- as in results.json, or missing
	message TEXT,
	PRIMARY KEY (run, test)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
	id INTEGER PRIMARY KEY,
	test INTEGER NOT NULL REFERENCES tests(id),
	name TEXT NOT NULL,		-- of the sample, save.plain_1m.bytes_per_second
	unit TEXT NOT NULL,		-- B/s: more is better; any other: less is
	UNIQUE (test, name, unit)
) STRICT;

-- What a run measured: every value, in the order in which it came.
CREATE TABLE samples (
	run INTEGER NOT NULL REFERENCES runs(id),
	metric INTEGER NOT NULL REFERENCES metrics(id),
	n INTEGER NOT NULL,
	p25 REAL NOT NULL,
	p50 REAL NOT NULL,
	p75 REAL NOT NULL,
	vals TEXT NOT NULL,		-- numbers with blanks between
	PRIMARY KEY (run, metric)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER runs_stay_1 BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER runs_stay_2 BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER tests_stay_1 BEFORE UPDATE ON tests BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER tests_stay_2 BEFORE DELETE ON tests BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER outcomes_stay_1 BEFORE UPDATE ON outcomes BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER outcomes_stay_2 BEFORE DELETE ON outcomes BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER metrics_stay_1 BEFORE UPDATE ON metrics BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER metrics_stay_2 BEFORE DELETE ON metrics BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER samples_stay_1 BEFORE UPDATE ON samples BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER samples_stay_2 BEFORE DELETE ON samples BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;

PRAGMA application_id = 1986881895;
PRAGMA user_version = 1;
