# SPDX-License-Identifier: GPL-2.0-only
# vmig: conformance tests for Linux VFIO migration drivers.
#
#   make                      build the tests and the report tool
#   make run_tests DEVICE=..  run on a device of this host (KTAP on stdout)
#   make quick                after an edit: unit tests, style of what changed, a sample of tests on two drivers
#   make check                the project's own tests, guests included
#   make mutants              does the suite notice each defect of the reference drivers?
#   make bench                how fast is the engine that moves migration data?
#   make driver-coverage      which lines of the drivers does the suite reach?
#   make install              the command vmig, into PREFIX (default: /usr/local) below DESTDIR; with
#                             INSTALL_PATH=DIR, the programs alone, as kselftest does
#   make map                  results/map.md: clauses and bugs of the past, each with its tests
#   make deb                  a Debian package
#   make gen_tar              a tarball for hosts with no compiler
#   make kernel-tree DEST=DIR copies the suite into a kernel tree's selftests
#   make format lint          kernel style, kept by clang-format, checkpatch and friends
#
# The kselftest harness, lib.mk and the uAPI headers come from Debian's source of the newest kernel that
# the profiles know, or from KERNEL_SRC=DIR.

KERNEL_SH := configs/guest/kernel.sh --programs
PREFIX ?= /usr/local
TAR_PATH ?= $(CURDIR)/vmig.tar.gz

C_FILES = $(shell git ls-files '*.c' '*.h')
SH_FILES = run.sh .ci/run configs/guest/init configs/package/vmig $(shell git ls-files '*.sh' '*.bash')

all: selftests report

# Asked once, and only by targets that compile against the kernel source.
ifeq ($(KSRC),)
kernel_source = $(or $(shell $(KERNEL_SH) source),$(error no kernel source, see above))
kernel_headers = $(or $(shell $(KERNEL_SH) headers),$(error no kernel headers, see above))
KERNEL_ARGS = KSRC=$(kernel_source) KHDR=$(kernel_headers)
else
kernel_source = $(KSRC)
KERNEL_ARGS = KSRC=$(KSRC) KHDR=$(KHDR)
endif

selftests:
	@$(MAKE) -s -C selftests all $(KERNEL_ARGS)

report:
	@$(MAKE) -s -C results $(KERNEL_ARGS)

run_tests:
	@$(MAKE) -s -C selftests run_tests $(KERNEL_ARGS)

quick: all
	@KSRC=$(kernel_source) KHDR=$(kernel_headers) selftests/meta/quick.sh

check: all
	@selftests/meta/check.sh

mutants: all
	@./run.sh --mutants $(ARGS)

# Ratios within one run; what it costs to copy 1 GiB, and a stream that no memory could hold.
BENCH_GUEST = -q -d mock --param vfio_mig_mock.state_mb=
bench: all
	@./run.sh $(BENCH_GUEST)1024 --qemu-arg '-m 4G' $(ARGS) --guest-cmd 'selftests/tools/bench/bench.sh 4'
	@./run.sh $(BENCH_GUEST)16384 --qemu-arg '-m 2G' $(ARGS) \
		--guest-cmd 'selftests/tools/bench/bench.sh 2 --only stream'

driver-coverage: all
	@./run.sh --driver-coverage $(ARGS)

# What a host without a compiler needs: the programs, the scripts that start them, and
# the kernel's own runner, so that run_kselftest.sh works too.
tree: all
	@mkdir -p $(INSTALL_PATH)/selftests $(INSTALL_PATH)/results $(INSTALL_PATH)/configs
	@$(MAKE) -s -C selftests install INSTALL_PATH=$(INSTALL_PATH)/selftests $(KERNEL_ARGS)
	@cp run.sh LICENSE $(INSTALL_PATH)
	@configs/package/pages.sh $(INSTALL_PATH)
	@cp -r configs/devices configs/guest configs/host configs/mustpass configs/nightly configs/run \
		configs/waivers $(INSTALL_PATH)/configs
	@cp results/vmig-report $(INSTALL_PATH)/results
	@install -D -m 644 selftests/tests/perf/mark.h $(INSTALL_PATH)/selftests/tests/perf/mark.h
	@for f in $$(configs/guest/modules.sh --sources); do \
		install -D -m 644 $$f $(INSTALL_PATH)/$$f || exit; done
	@cat selftests/obj/lib/commit > $(INSTALL_PATH)/COMMIT
	@src=$(kernel_source)/tools/testing/selftests && \
		cp -r $$src/kselftest $$src/run_kselftest.sh $(INSTALL_PATH)
	@sed 's/#.*//; /^$$/d; s,.*/,,; s/^/selftests:vmig_/' selftests/chapters \
		> $(INSTALL_PATH)/kselftest-list.txt
	@echo "installed in $(INSTALL_PATH)"

ifdef INSTALL_PATH
install: tree
else
install: all
	@configs/package/install.sh $(PREFIX) $(DESTDIR)
endif

map: all
	@selftests/run_chapters.sh --list | \
		results/vmig-report --map - selftests/test_modules/history > results/map.md
	@echo "wrote results/map.md"

deb:
	@configs/package/deb.sh $(DEB_PATH)

gen_tar:
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && \
		$(MAKE) -s tree INSTALL_PATH="$$tmp/vmig" >/dev/null && \
		tar -C "$$tmp" -czf $(TAR_PATH) vmig && echo "wrote $(TAR_PATH)"

kernel-tree:
	@configs/kernel-tree/copy.sh "$(DEST)"

format:
	clang-format -i $(C_FILES)

lint:
	@selftests/meta/lint.sh

clean:
	@$(MAKE) -s -C selftests clean KSRC=$(kernel_source) KHDR=none
	@$(MAKE) -s -C results clean
	@$(MAKE) -s -C lib/tests clean
	@$(RM) -r install build

.PHONY: all selftests report run_tests quick check mutants bench driver-coverage map tree install deb
.PHONY: gen_tar kernel-tree format lint clean
