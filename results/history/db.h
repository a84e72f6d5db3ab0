/* SPDX-License-Identifier: GPL-2.0-only */
/* The history of a lab, an SQLite database: schema/{history,acceptances}.sql say what is in it. */
#ifndef VMIG_RESULTS_DB_H
#define VMIG_RESULTS_DB_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>

#include <vmig/arena.h>

#define HISTORY_VERSION 2
#define HISTORY_APPLICATION 0x766d6967 /* the letters "vmig" */

/**
 * enum history_open - what a history is opened for
 * @HISTORY_READ: only to be read
 * @HISTORY_WRITE: to be added to; made where it is not there
 * @HISTORY_EXTEND: to be added to; it must be there and have a run
 */
enum history_open { HISTORY_READ, HISTORY_WRITE, HISTORY_EXTEND };

/**
 * struct history_db - an open history
 * @db: the database
 * @path: where it is
 * @arena: for sentences
 * @version: of the schema that the file had
 * @err: SQLite's code of the first call that failed, SQLITE_OK so far
 * @why: what SQLite said of it
 */
struct history_db {
	sqlite3 *db;
	const char *path;
	struct arena *arena;
	long long version;
	int err;
	const char *why;
};

char *history_open(struct history_db *h, struct arena *arena, const char *path,
		   enum history_open how);
void history_close(struct history_db *h);
void history_exec(struct history_db *h, const char *sql);
sqlite3_stmt *history_prepare(struct history_db *h, const char *sql);
bool history_row(struct history_db *h, sqlite3_stmt *s);
void history_run(struct history_db *h, sqlite3_stmt *s);
void history_text(struct history_db *h, sqlite3_stmt *s, const char *name, const char *value);
void history_number(struct history_db *h, sqlite3_stmt *s, const char *name, long long value);
const char *history_string(struct history_db *h, sqlite3_stmt *s, int column);
char *history_commit(struct history_db *h);
char *history_failed(struct history_db *h, const char *what);

#endif /* VMIG_RESULTS_DB_H */
