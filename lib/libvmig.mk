# SPDX-License-Identifier: GPL-2.0-only
# Builds libvmig.a into $(OUTPUT); included by who links it. Objects carry their
# header dependencies (-MMD), so that a changed header rebuilds what uses it.
LIBVMIG_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
LIBVMIG_SRC := $(wildcard $(LIBVMIG_DIR)/spec/*.c $(LIBVMIG_DIR)/vfio/*.c \
		 $(LIBVMIG_DIR)/migration/*.c $(LIBVMIG_DIR)/exercisers/*.c)
LIBVMIG_O := $(patsubst $(LIBVMIG_DIR)/%.c,$(OUTPUT)/libvmig/%.o,$(LIBVMIG_SRC))
LIBVMIG := $(OUTPUT)/libvmig.a

# Which tree this was built from. A tarball has no git, and a kernel tree has the kernel's:
# both bring the answer along.
VMIG_COMMIT := $(or $(shell cat $(LIBVMIG_DIR)/../COMMIT 2>/dev/null),$(shell \
		 git -C $(LIBVMIG_DIR) describe --always --dirty --abbrev=12 2>/dev/null),unknown)
ifneq ($(VMIG_COMMIT),$(shell cat $(OUTPUT)/libvmig/commit 2>/dev/null))
$(shell mkdir -p $(OUTPUT)/libvmig && echo $(VMIG_COMMIT) > $(OUTPUT)/libvmig/commit)
endif
$(OUTPUT)/libvmig/spec/version.o: $(OUTPUT)/libvmig/commit
$(OUTPUT)/libvmig/spec/version.o: CFLAGS += -DVMIG_COMMIT='"$(VMIG_COMMIT)"'

$(OUTPUT)/libvmig/%.o: $(LIBVMIG_DIR)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c $< -o $@

$(LIBVMIG): $(LIBVMIG_O)
	$(RM) $@
	$(AR) rcs $@ $^

-include $(LIBVMIG_O:.o=.d)
