# SPDX-License-Identifier: GPL-2.0-only
# Who may use whom. A folder is compiled with the include path of its line and of no other, so
# that a header which the line does not grant is "No such file or directory". A program is
# linked with the archives of its line. Everything is written out: RES_x has also what the
# headers of the folders in it include.

# From the top down, which is the order of the archives on a command line, too.
FOLDERS := cli qualify history/page suite write/html write judge history run base

FILES_base := json_path.c message.c output.c stats.c subprocess.c xml.c
FILES_run := clause_source.c cost.c features.c kmsg.c ktap.c load.c outcome.c planned.c run.c run_json.c samples.c test_name.c
FILES_judge := findings.c judge.c verdict.c
FILES_write := junit.c kcidb.c lava.c results_json.c results_json_read.c runs_table.c \
	terminal.c
FILES_write/html := clauses.c cost.c findings.c fsm_graph.c fsm_matrix.c markup.c report.c samples.c
FILES_suite := catalogue.c conforming.c defects.c freedoms.c map.c mutants.c mutants_write.c
FILES_history := accept.c add.c db.c labels.c merge.c nights.c regress.c
FILES_history/page := device.c marks.c metrics.c nightly.c plot.c
FILES_qualify := bundle.c bundle_write.c mustpass.c mustpass_make.c qualify.c statement.c tar.c \
	verify.c waiver.c
FILES_cli := action.c history.c main.c qualify.c

# Files that become strings of the program: style sheets, a script, the schema of a database.
EMBED_write/html := write/html/report.css write/html/report.js write/html/nightly.css
EMBED_history := schema/history.sql schema/acceptances.sql

# Folders of results/.
RES_base :=
RES_run := base
RES_judge := run base
RES_write := judge run base
RES_write/html := write judge run base
RES_suite := judge run base
RES_history := base
RES_history/page := write/html history run base
RES_qualify := write judge run base
RES_cli := $(filter-out cli,$(FOLDERS))
RES_tests := $(RES_cli)

# Layers of lib/.
LIB_base := base
LIB_run := profile base spec
LIB_judge := profile base spec
LIB_write := profile base spec
LIB_write/html := profile base spec
LIB_suite := profile base spec
LIB_history := base
LIB_history/page := profile base spec
LIB_qualify := profile base spec
LIB_cli := profile base spec
LIB_tests := profile base spec

# The lists of defects and freedoms are a part of the drivers that have them.
ALSO_suite := selftests/test_modules
