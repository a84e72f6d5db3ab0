# SPDX-License-Identifier: GPL-2.0-only
# The folders of the report tool and their sources. A new file shows up here.

FOLDERS := base profile run judge write write/html suite history history/page qualify cli

SRC_base := input.c json_path.c message.c output.c pool.c sha256.c stats.c subprocess.c text.c
SRC_profile := keys.c profile.c
SRC_run := features.c kmsg.c ktap.c planned.c run.c run_json.c samples.c test_name.c
SRC_judge := findings.c judge.c verdict.c
SRC_write := junit.c kcidb.c lava.c results_json.c results_json_read.c terminal.c
SRC_write/html := clauses.c findings.c fsm_graph.c fsm_matrix.c report.c samples.c
SRC_suite := catalogue.c defects.c map.c mutants.c mutants_write.c
SRC_history := accept.c add.c db.c labels.c merge.c nights.c regress.c
SRC_history/page := device.c metrics.c nightly.c plot.c
SRC_qualify := bundle.c mustpass.c mustpass_make.c qualify.c statement.c tar.c verify.c waiver.c
SRC_cli := history.c main.c qualify.c
