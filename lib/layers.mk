# SPDX-License-Identifier: GPL-2.0-only
# The layers of lib/: what each may use, written out in full, and its sources, listed so that a
# new file shows up in a diff. lib/README.md has the rules; the include path and the archive of
# each layer are made from this table, and so the compiler and the linker enforce it.

LAYERS := spec base profile vfio migration engine streamfile exercisers

USES_spec :=
USES_base :=
USES_profile := base spec
USES_vfio := base spec
USES_migration := base spec vfio
USES_engine := base migration
USES_streamfile := base vfio
USES_exercisers := base spec vfio

SRC_spec := breach_line.c clauses.c complaints.c fsm.c kernel_range.c stuck_calls.c version.c
SRC_base := arena.c clock.c error.c format.c host_change.c input.c sha256.c shared.c sysfs.c text.c
SRC_profile := deviations.c keys.c place.c profile.c
SRC_vfio := device.c dma.c dma_region.c info.c open_any.c region.c resolve.c
SRC_migration := bounded.c dma_logging.c feature.c state.c stream.c
SRC_engine := engine.c ring.c ring_stream.c sync.c
SRC_streamfile := identity.c streamfile.c
SRC_exercisers := bar.c doorbell.c edu.c exerciser.c fw.c generic.c mock.c mtty.c \
		  nvme.c p2p.c pattern.c

# Libraries of others that a layer calls.
LIBS_base := -lmd
LIBS_engine := -luring
LIBS_streamfile := -llzma

# An archive stands before those that it takes functions from.
LINK_ORDER := exercisers engine streamfile migration vfio profile base spec

# layer_inc LAYER...: where their public headers are; LIB is where lib/ is
layer_inc = $(foreach l,$(1),-I$(LIB)/$(l)/include)
