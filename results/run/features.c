// SPDX-License-Identifier: GPL-2.0-only
/* Describe the features of a device, its firmware, and where the suite ran. */
#include <string.h>

#include <vmig/fsm.h>

#include "features.h"

static void add(struct arena *arena, struct line ***last, char *text)
{
	struct line *line = arena_alloc(arena, sizeof(*line));

	line->text = text;
	**last = line;
	*last = &line->next;
}

/**
 * run_features - what a device offers
 * @arena: where the lines go
 * @env: the environment
 *
 * Return: a line for each feature, in the words of H:990-1008; what an environment
 * does not say is not guessed.
 */
struct line *run_features(struct arena *arena, const struct environment *env)
{
	struct line *first = NULL, **last = &first;
	uint64_t unknown = env->flags & ~(uint64_t)VMIG_MIGRATION_KNOWN;

	if (env->migration == HAS_UNKNOWN) {
		add(arena, &last, "not recorded");
		return first;
	}
	if (env->migration == HAS_NOT) {
		add(arena, &last, "no migration");
	} else {
		add(arena, &last,
		    env->flags & VFIO_MIGRATION_STOP_COPY ? "STOP_COPY" : "no STOP_COPY");
		add(arena, &last, env->flags & VFIO_MIGRATION_P2P ? "P2P" : "no P2P");
		add(arena, &last,
		    env->flags & VFIO_MIGRATION_PRE_COPY ? "PRE_COPY" : "no PRE_COPY");
		if (unknown)
			add(arena, &last,
			    arena_printf(arena, "flags %#llx, which this suite does not know",
					 (unsigned long long)unknown));
	}
	if (env->dma_logging != HAS_UNKNOWN)
		add(arena, &last, env->dma_logging == HAS ? "DMA logging" : "no DMA logging");
	return first;
}

/**
 * run_firmware_words - what the driver ran on, where that was no vendor's card
 * @arena: where the words go
 * @r: run.json
 * @env: environment.json
 *
 * Such a run shows what the driver's code does; it says nothing about a card.
 *
 * Return: a phrase, or NULL for real hardware.
 */
const char *run_firmware_words(struct arena *arena, const struct run_record *r,
			       const struct environment *env)
{
	const char *s;

	if (!env->simulated)
		return NULL;
	s = arena_printf(arena, "simulated%s%s: driver code on simulated firmware",
			 r->stand_in ? " by " : "", r->stand_in ? r->stand_in : "");
	if (!r->driver_source)
		return s;
	s = arena_printf(arena, "%s; the driver is %s of the kernel source", s, r->driver_source);
	if (r->driver_sha256)
		s = arena_printf(arena, "%s, sha256 %.16s", s, r->driver_sha256);
	if (r->driver_patch)
		return arena_printf(arena, "%s, with %s", s, r->driver_patch);
	return arena_printf(arena, "%s, unmodified", s);
}

static const char *guest_words(struct arena *arena, const struct run_record *record)
{
	const char *accel = record->accel;

	if (!strcmp(accel, "tcg") && record->virtual_time)
		return "QEMU guest, TCG in virtual time";
	if (!strcmp(accel, "tcg"))
		return "QEMU guest, TCG (no hardware virtualisation)";
	return arena_printf(arena, "QEMU guest, %s", strcmp(accel, "kvm") ? accel : "KVM");
}

/**
 * run_where - guest or host, under which accelerator, and by whose programs
 * @arena: where the words go
 * @record: run.json
 *
 * Return: a phrase, or NULL where it is not recorded.
 */
const char *run_where(struct arena *arena, const struct run_record *record)
{
	const char *s = record->where;

	if (!s)
		return NULL;
	if (!strcmp(s, "guest") && record->accel)
		s = guest_words(arena, record);
	return record->programs ? arena_printf(arena, "%s, %s programs", s, record->programs) : s;
}
