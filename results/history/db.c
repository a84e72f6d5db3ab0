// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open, check and write a history. What is found damaged, of another version or not
 * ours is left as it is: the sentence says what to do.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "db.h"

/* Files of schema/, made into strings by the build. */
extern const char history_sql[], acceptances_sql[];

/* The first version of the schema that can still be read. */
#define HISTORY_OLDEST 1

/* What a history that has no acceptances is read with. It lives in memory, for as long as we do. */
static const char no_acceptances_sql[] =
	"CREATE TEMP VIEW acceptances AS SELECT 0 AS run, 0 AS metric, '' AS said, '' AS who,"
	" '' AS reason, '' AS pattern, 0 AS withdrawn WHERE 0";

/* Another run writes for some milliseconds; a stopped one must not hang us for ever. */
#define BUSY_MS 30000

/* Keeps the first failure: what follows it says less. */
static bool failed(struct history_db *h, int code)
{
	if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
		return false;
	if (h->err == SQLITE_OK) {
		h->err = code;
		h->why = arena_printf(h->arena, "%s",
				      h->db ? sqlite3_errmsg(h->db) : sqlite3_errstr(code));
	}
	return true;
}

/**
 * history_exec - run SQL that gives nothing back
 * @h: the history; does nothing once a call has failed
 * @sql: one or more statements
 */
void history_exec(struct history_db *h, const char *sql)
{
	if (h->err == SQLITE_OK)
		failed(h, sqlite3_exec(h->db, sql, NULL, NULL, NULL));
}

/**
 * history_prepare - a statement to be bound and stepped
 * @h: the history
 * @sql: one statement
 *
 * Return: the statement, for sqlite3_finalize(); NULL once a call has failed, which the
 * functions below and SQLite take as a statement that does nothing.
 */
sqlite3_stmt *history_prepare(struct history_db *h, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (h->err == SQLITE_OK)
		failed(h, sqlite3_prepare_v2(h->db, sql, -1, &s, NULL));
	return s;
}

/**
 * history_row - the next row of a query
 * @h: the history
 * @s: from history_prepare()
 *
 * Return: false at the end, and once a call has failed.
 */
bool history_row(struct history_db *h, sqlite3_stmt *s)
{
	int code;

	if (h->err != SQLITE_OK)
		return false;
	code = sqlite3_step(s);
	return !failed(h, code) && code == SQLITE_ROW;
}

/**
 * history_run - run a statement that changes something, and make it ready for the next time
 * @h: the history
 * @s: from history_prepare()
 */
void history_run(struct history_db *h, sqlite3_stmt *s)
{
	while (history_row(h, s))
		;
	if (h->err == SQLITE_OK) {
		sqlite3_reset(s);
		sqlite3_clear_bindings(s);
	}
}

/**
 * history_text - give a parameter of a statement its value
 * @h: the history
 * @s: from history_prepare()
 * @name: of the parameter, with its sign
 * @value: the text, NULL for NULL; must live until the statement has run
 */
void history_text(struct history_db *h, sqlite3_stmt *s, const char *name, const char *value)
{
	if (h->err == SQLITE_OK)
		failed(h, sqlite3_bind_text(s, sqlite3_bind_parameter_index(s, name), value, -1,
					    SQLITE_STATIC));
}

/**
 * history_number - the same for a whole number
 * @h: the history
 * @s: from history_prepare()
 * @name: of the parameter, with its sign
 * @value: the number
 */
void history_number(struct history_db *h, sqlite3_stmt *s, const char *name, long long value)
{
	if (h->err == SQLITE_OK)
		failed(h, sqlite3_bind_int64(s, sqlite3_bind_parameter_index(s, name), value));
}

/**
 * history_string - a copy of a column
 * @h: the history
 * @s: a statement with a row
 * @column: its number
 *
 * Return: the text, NULL for NULL.
 */
const char *history_string(struct history_db *h, sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? arena_strndup(h->arena, text, strlen(text)) : NULL;
}

/**
 * history_failed - what went wrong and what to do
 * @h: a history of which a call has failed
 * @what: what was to be done, "add to"
 *
 * Return: a sentence.
 */
char *history_failed(struct history_db *h, const char *what)
{
	switch (h->err & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return arena_printf(h->arena,
				    "the history %s is damaged (%s) and was left as it is: move it "
				    "away, and save what can be read with: sqlite3 FILE .recover",
				    h->path, h->why);
	case SQLITE_FULL:
		return arena_printf(h->arena,
				    "the disk is full, and the history %s is as it was: free some "
				    "space and do the same again; a run is added with vmig-report "
				    "--history-add",
				    h->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return arena_printf(
			h->arena,
			"the history %s has been locked by another program for %d s: end "
			"that one and try again",
			h->path, BUSY_MS / 1000);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return arena_printf(
			h->arena,
			"cannot %s the history %s (%s): give permission to its directory "
			"and to it, or name another file",
			what, h->path, h->why);
	default:
		return arena_printf(h->arena, "cannot %s the history %s: %s", what, h->path,
				    h->why);
	}
}

static long long pragma(struct history_db *h, const char *sql)
{
	sqlite3_stmt *s = history_prepare(h, sql);
	long long value = history_row(h, s) ? sqlite3_column_int64(s, 0) : 0;

	sqlite3_finalize(s);
	return value;
}

/* A new file is given its tables. */
static char *begin(struct history_db *h, enum history_open how)
{
	if (how != HISTORY_WRITE)
		return arena_printf(h->arena,
				    "the history %s is empty: add runs with vmig-report "
				    "--history-add",
				    h->path);
	history_exec(h, history_sql);
	history_exec(h, acceptances_sql);
	h->version = HISTORY_VERSION;
	return h->err == SQLITE_OK ? NULL : history_failed(h, "begin");
}

/* Of a file that is there, no row is changed: a table that it has not is added, empty. */
static char *check(struct history_db *h, enum history_open how)
{
	long long version = pragma(h, "PRAGMA user_version");
	long long application = pragma(h, "PRAGMA application_id");
	long long objects = pragma(h, "SELECT count(*) FROM sqlite_master");
	sqlite3_stmt *s;

	if (h->err != SQLITE_OK)
		return history_failed(h, "read");
	if (!version && !application && !objects)
		return begin(h, how);
	if (application != HISTORY_APPLICATION)
		return arena_printf(
			h->arena, "%s is an SQLite database of another program: name another file",
			h->path);
	if (version < HISTORY_OLDEST || version > HISTORY_VERSION)
		return arena_printf(
			h->arena,
			"the history %s has version %lld of the schema, and this program "
			"knows %d to %d: it was left as it is; use the vmig that wrote it, or "
			"begin another history in another file",
			h->path, version, HISTORY_OLDEST, HISTORY_VERSION);
	s = history_prepare(h, "PRAGMA quick_check(1)");
	if (history_row(h, s) && strcmp((const char *)sqlite3_column_text(s, 0), "ok")) {
		h->err = SQLITE_CORRUPT;
		h->why = history_string(h, s, 0);
	}
	sqlite3_finalize(s);
	h->version = version;
	if (version < 2)
		history_exec(h, how == HISTORY_READ ? no_acceptances_sql : acceptances_sql);
	return h->err == SQLITE_OK ? NULL : history_failed(h, "read");
}

/**
 * history_open - open a history
 * @h: the history
 * @arena: for whatever is read
 * @path: the file
 * @how: what for; all but HISTORY_READ begin a transaction that history_commit() ends
 *
 * Return: NULL, or a sentence; then it is closed and its file as it was.
 */
char *history_open(struct history_db *h, struct arena *arena, const char *path,
		   enum history_open how)
{
	int flags = how == HISTORY_READ	    ? SQLITE_OPEN_READONLY
		    : how == HISTORY_EXTEND ? SQLITE_OPEN_READWRITE
					    : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	char *wrong;

	memset(h, 0, sizeof(*h));
	h->path = path;
	h->arena = arena;
	if (how != HISTORY_WRITE && access(path, F_OK))
		return arena_printf(arena,
				    "there is no history %s (%s): add runs with vmig-report "
				    "--history-add",
				    path, strerror(errno));
	if (failed(h, sqlite3_open_v2(path, &h->db, flags, NULL))) {
		wrong = history_failed(h, "open");
	} else {
		sqlite3_busy_timeout(h->db, BUSY_MS);
		/* One writer at a time, and what it looks at stays as it was. */
		history_exec(h, how == HISTORY_READ ? "BEGIN"
						    : "PRAGMA foreign_keys = ON; BEGIN IMMEDIATE");
		wrong = h->err == SQLITE_OK ? check(h, how) : history_failed(h, "open");
	}
	if (wrong)
		history_close(h);
	return wrong;
}

/**
 * history_commit - make what was added last
 * @h: the history
 *
 * Return: NULL, or a sentence; then nothing was added.
 */
char *history_commit(struct history_db *h)
{
	history_exec(h, "COMMIT");
	return h->err == SQLITE_OK ? NULL : history_failed(h, "add to");
}

/**
 * history_close - close a history; what was not committed is undone
 * @h: the history
 */
void history_close(struct history_db *h)
{
	sqlite3_close_v2(h->db);
	h->db = NULL;
}
