# SPDX-License-Identifier: GPL-2.0-only
# The folders of selftests/: which other folders of selftests/ (SELF) and which layers of lib/
# (LIB) each may use, written out in full, what it takes of others (LIBS), and its sources (SRC),
# listed so that a new file shows up in a diff. The include path and what a program is linked with
# are made from this table. A chapter stands in `chapters` and not here.

DEV := migration vfio spec base
TEST_LAYERS := exercisers engine streamfile $(DEV)

FOLDERS := harness helpers

SELF_harness :=
LIB_harness := profile $(DEV)
SRC_harness := child.c kernel_health.c known_deviations.c risky_call.c session.c stuck.c test_list.c verdict.c

SELF_helpers := harness
LIB_helpers := exercisers $(DEV)
SRC_helpers := descriptors.c exercise.c fail_nth.c fault_memory.c guest_access.c keep_awake.c \
	       kernel_memory.c kmsg_watch.c load_attempt.c pci_config.c random.c round_trip_check.c second_device.c session_check.c \
	       thread.c

# The groups of chapters: none uses another.
GROUPS := data_fd dma experimental perf protocol resume stress vmm
FOLDERS += $(addprefix tests/,$(GROUPS))
$(foreach g,$(GROUPS),$(eval SELF_tests/$(g) := helpers harness))
$(foreach g,$(GROUPS),$(eval LIB_tests/$(g) := $(TEST_LAYERS)))

SRC_tests/data_fd := fd_peer.c precopy_drain.c precopy_opt_in.c
SRC_tests/dma := logged_dma.c
SRC_tests/experimental :=
SRC_tests/perf := copy_loop.c devices.c measure.c
SRC_tests/protocol := device_snapshot.c portrait.c region_map.c word_size_calls.c
SRC_tests/resume := damage.c fuzz.c fuzz_corpus.c fuzz_mutate.c fuzz_repro.c kcov.c parallel_write.c \
		    use_device.c version_check.c write_split.c
SRC_tests/stress := cgroup.c fail_each.c keeper.c late_page.c leak_check.c stress_close.c stress_ops.c \
		    stress_stream.c thread_pool.c together.c unbind.c
SRC_tests/vmm := vmm.c vmm_clh.c vmm_qemu.c

# The tools have no verdicts and do without the harness. TOOL is the program, its main() in main.c.
TOOLS := bench env host probe transfer
FOLDERS += tools/common $(addprefix tools/,$(TOOLS))

SELF_tools/common :=
LIB_tools/common := $(DEV)
SRC_tools/common := describe.c
LIBS_tools/common := -ljansson

SELF_tools/bench := tools/common
LIB_tools/bench := engine exercisers $(DEV)
SRC_tools/bench := bench.c
TOOL_tools/bench := vmig_bench

SELF_tools/env := tools/common
LIB_tools/env := $(DEV)
SRC_tools/env :=
TOOL_tools/env := vmig_env

SELF_tools/host :=
LIB_tools/host := base
SRC_tools/host :=
TOOL_tools/host := vmig_host

SELF_tools/probe := tools/common
LIB_tools/probe := profile $(DEV)
SRC_tools/probe := device.c driver.c host.c host_use.c page.c resolve.c rules.c sriov.c sysfs.c text.c
TOOL_tools/probe := vmig_probe

SELF_tools/transfer := tools/common
LIB_tools/transfer := streamfile exercisers $(DEV)
SRC_tools/transfer := device.c file.c pipe.c
TOOL_tools/transfer := vmig_transfer

# What runs the chapters: knows their output, and no device.
FOLDERS += runner

SELF_runner :=
LIB_runner := spec base
SRC_runner := ktap_scan.c
