-- SPDX-License-Identifier: GPL-2.0-only
-- A history of vmig 0.1.0 at 67f62b8, whose runs have an id with a checksum of 64 bits: the runs that
-- lie beside this file, as that vmig-report added them on lab1 (sqlite3 .dump).
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE runs (
	id INTEGER PRIMARY KEY,
	uid TEXT NOT NULL UNIQUE,	-- host/directory/checksum of its results.json
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
INSERT INTO runs VALUES(1,'lab1/20261102T020000Z-lab1-mtty/efc14f8fcc33bf49','2026-11-02T02:00:00Z','lab1','2026-11-02T02:00:03Z',41.273000000000003239,'guest/tcg','6.12.117','#1 SMP','x86_64','0.1.0','67f62b8a0c11','mtty','75dd0de0-4b08-4f7e-af33-3a0116aeb5a3','mtty','0.1','0CFBC3668084E605BBD06DA',NULL,'mtty','','',0,1,'complete',0,'conformant','conformant, ä few words',2,0,0,0,2,0,0,0);
INSERT INTO runs VALUES(2,'lab1/20261103T020000Z-lab1-mtty/909c0828fdd95849','2026-11-03T02:00:00Z','lab1','2026-11-03T02:00:03Z',42.273000000000003238,'guest/tcg','6.12.117','#1 SMP','x86_64','0.1.0','67f62b8a0c11','mtty','75dd0de0-4b08-4f7e-af33-3a0116aeb5a3','mtty','0.1','0CFBC3668084E605BBD06DA',NULL,'mtty','','',0,1,'complete',0,'conformant','conformant, ä few words',2,0,0,0,2,0,0,0);
CREATE TABLE tests (
	id INTEGER PRIMARY KEY,
	chapter TEXT NOT NULL,
	name TEXT NOT NULL,		-- fixture.variant.test
	UNIQUE (chapter, name)
) STRICT;
INSERT INTO tests VALUES(1,'throughput','throughput.cdev.arcs');
INSERT INTO tests VALUES(2,'throughput','throughput.group.arcs');
CREATE TABLE outcomes (
	run INTEGER NOT NULL REFERENCES runs(id),
	test INTEGER NOT NULL REFERENCES tests(id),
	outcome TEXT NOT NULL,		-- as in results.json, or missing
	message TEXT,
	PRIMARY KEY (run, test)
) STRICT, WITHOUT ROWID;
INSERT INTO outcomes VALUES(1,1,'pass',NULL);
INSERT INTO outcomes VALUES(1,2,'pass',NULL);
INSERT INTO outcomes VALUES(2,1,'pass',NULL);
INSERT INTO outcomes VALUES(2,2,'pass',NULL);
CREATE TABLE metrics (
	id INTEGER PRIMARY KEY,
	test INTEGER NOT NULL REFERENCES tests(id),
	name TEXT NOT NULL,		-- of the sample, save.plain_1m.bytes_per_second
	unit TEXT NOT NULL,		-- B/s: more is better; any other: less is
	UNIQUE (test, name, unit)
) STRICT;
INSERT INTO metrics VALUES(1,1,'arc.STOP.us','us');
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
INSERT INTO samples VALUES(1,1,3,795.74999999999999999,801.50000000000000003,806.87500000000000003,'812.25 790 801.5');
INSERT INTO samples VALUES(2,1,3,804.53125000000000003,810.0625,816.59374999999999999,'799 823.125 810.0625');
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
INSERT INTO acceptances VALUES(2,1,'2026-11-30T16:58:43.275988Z',0,'root@vm','a fix','arc*');
CREATE INDEX runs_by_night ON runs(night, started);
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
CREATE TRIGGER acceptances_stay_1 BEFORE UPDATE ON acceptances BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
CREATE TRIGGER acceptances_stay_2 BEFORE DELETE ON acceptances BEGIN SELECT RAISE(ABORT, 'old rows are never changed'); END;
COMMIT;
PRAGMA application_id = 1986881895;
PRAGMA user_version = 2;
