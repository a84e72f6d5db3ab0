// SPDX-License-Identifier: GPL-2.0-only
/* Merge the histories of several machines. */
#include "db.h"
#include "merge.h"

static const char copy[] =
	"INSERT OR IGNORE INTO main.tests(chapter, name) SELECT chapter, name FROM other.tests;"
	"CREATE TEMP TABLE test_of AS SELECT o.id AS old, m.id AS new FROM other.tests o"
	" JOIN main.tests m USING (chapter, name);"
	"INSERT OR IGNORE INTO main.metrics(test, name, unit) SELECT t.new, name, unit"
	" FROM other.metrics JOIN test_of t ON t.old = test;"
	"CREATE TEMP TABLE metric_of AS SELECT o.id AS old, m.id AS new FROM other.metrics o"
	" JOIN test_of t ON t.old = o.test JOIN main.metrics m"
	" ON m.test = t.new AND m.name = o.name AND m.unit = o.unit;"
	/*
	 * The runs that are here already. One that was added to each of the two, by a vmig up to
	 * 0.1.0 and by a later one, has two ids that differ in kind and length of the checksum.
	 */
	"CREATE TEMP TABLE same AS SELECT o.id AS old, m.id AS new FROM other.runs o"
	" JOIN main.runs m USING (uid) UNION"
	" SELECT o.id, m.id FROM other.runs o JOIN main.runs m ON m.started = o.started"
	" AND m.host = o.host AND m.seconds IS o.seconds AND m.device = o.device"
	" AND m.exit_code = o.exit_code AND m.nr_pass = o.nr_pass"
	" AND length(m.uid) <> length(o.uid)"
	" AND rtrim(m.uid, '0123456789abcdef') = rtrim(o.uid, '0123456789abcdef');"
	/* The runs that are new here; their ids follow the largest one of ours. */
	"CREATE TEMP TABLE run_of AS SELECT o.id AS old, row_number() OVER (ORDER BY o.id)"
	" + (SELECT coalesce(max(id), 0) FROM main.runs) AS new FROM other.runs o"
	" WHERE o.id NOT IN (SELECT old FROM same);"
	"CREATE TEMP TABLE moved AS SELECT * FROM other.runs WHERE id IN (SELECT old FROM run_of);"
	"UPDATE moved SET id = (SELECT new FROM run_of WHERE old = moved.id);"
	"INSERT INTO main.runs SELECT * FROM moved;"
	"INSERT INTO main.outcomes SELECT r.new, t.new, outcome, message FROM other.outcomes o"
	" JOIN run_of r ON r.old = o.run JOIN test_of t ON t.old = o.test;"
	"INSERT INTO main.samples SELECT r.new, m.new, n, p25, p50, p75, vals FROM other.samples o"
	" JOIN run_of r ON r.old = o.run JOIN metric_of m ON m.old = o.metric;";

/* They may have come after their runs, and so after the merge that brought these. */
static const char copy_acceptances[] =
	"INSERT OR IGNORE INTO main.acceptances SELECT r.new, m.new, said, withdrawn, who, reason,"
	" pattern FROM other.acceptances a"
	" JOIN (SELECT * FROM same UNION SELECT * FROM run_of) r ON r.old = a.run"
	" JOIN metric_of m ON m.old = a.metric;";

/**
 * history_merge - add the runs of another history
 * @h: the history, open for writing
 * @path: the other one, which is read only
 * @merged: how many rows were new
 *
 * Return: NULL, or a sentence; then nothing was added.
 */
char *history_merge(struct history_db *h, const char *path, struct merged *merged)
{
	struct history_db other;
	sqlite3_stmt *s;
	char *wrong;

	/* Its own checks: a copy of a damaged one would be damaged too. */
	wrong = history_open(&other, h->arena, path, HISTORY_READ);
	if (wrong)
		return wrong;
	history_close(&other);
	/* A database is attached outside of a transaction; nothing has been written yet. */
	s = history_prepare(h, "COMMIT");
	history_run(h, s);
	sqlite3_finalize(s);
	s = history_prepare(h, "ATTACH :path AS other");
	history_text(h, s, ":path", path);
	history_run(h, s);
	sqlite3_finalize(s);
	history_exec(h, "BEGIN IMMEDIATE");
	history_exec(h, copy);
	merged->acceptances = 0;
	if (other.version >= 2) {
		history_exec(h, copy_acceptances);
		merged->acceptances = sqlite3_changes(h->db);
	}
	s = history_prepare(h, "SELECT count(*) FROM run_of");
	merged->runs = history_row(h, s) ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_finalize(s);
	history_exec(h, "DROP TABLE test_of; DROP TABLE metric_of; DROP TABLE run_of;"
			"DROP TABLE moved; DROP TABLE same; COMMIT; DETACH other; BEGIN IMMEDIATE");
	return h->err == SQLITE_OK ? NULL : history_failed(h, "merge into");
}
