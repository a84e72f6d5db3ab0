# SPDX-License-Identifier: GPL-2.0-only
# Builds an archive of each layer of lib/ into $(OUTPUT)/obj/lib; included by who links them.
# Objects carry their header dependencies (-MMD), so that a changed header rebuilds what uses it.
#
#   layer_inc LAYER...     -I options for their public headers
#   layer_libs LAYER...    their archives, in the order in which they are linked
LIB := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
include $(LIB)/layers.mk

LAYER_OUT := $(OUTPUT)/obj/lib
layer_libs = $(foreach l,$(LINK_ORDER),$(if $(filter $(l),$(1)),$(LAYER_OUT)/$(l).a))

# Which tree this was built from. A tarball has no git, and a kernel tree has the kernel's:
# both bring the answer along.
VMIG_COMMIT := $(or $(shell cat $(LIB)/../COMMIT 2>/dev/null),$(shell \
		 git -C $(LIB) describe --always --dirty --abbrev=12 2>/dev/null),unknown)
ifneq ($(VMIG_COMMIT),$(shell cat $(LAYER_OUT)/commit 2>/dev/null))
$(shell mkdir -p $(LAYER_OUT) && echo $(VMIG_COMMIT) > $(LAYER_OUT)/commit)
endif
$(LAYER_OUT)/spec/version.o: $(LAYER_OUT)/commit
$(LAYER_OUT)/spec/version.o: CPPFLAGS += -DVMIG_COMMIT='"$(VMIG_COMMIT)"'

# A header of a layer that is not granted to this one is "No such file or directory".
define layer_rules
LAYER_O_$(1) := $$(patsubst %.c,$$(LAYER_OUT)/$(1)/%.o,$$(SRC_$(1)))

$$(LAYER_O_$(1)): $$(LAYER_OUT)/$(1)/%.o: $$(LIB)/$(1)/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(CPPFLAGS) $$(call layer_inc,$(1) $$(USES_$(1))) -MMD -MP -c $$< -o $$@

$$(LAYER_OUT)/$(1).a: $$(LAYER_O_$(1))
	$$(RM) $$@
	$$(AR) rcs $$@ $$^

-include $$(LAYER_O_$(1):.o=.d)
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rules,$(l))))
