// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPEN-03, RST-08: a fresh device is fresh. A guest's driver that loads after a reset, and a guest
 * to which the device comes from another one, take it for a device that was just made: nothing in
 * its registers and its memory, no interrupt that somebody else asked for, no transfer of another's
 * into their memory. What is left of a user is also told to the next one.
 *
 * Such a device is compared with one that nobody has used, and not with itself a moment before:
 * the first test of this chapter, which is the first chapter of all, takes the portrait of it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <vmig/dma_logging.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include <vmig/shared.h>
#include "child.h"
#include "fixture_exercise.h"
#include "guest_access.h"
#include "load_attempt.h"
#include "pci_config.h"
#include "portrait.h"

VMIG_FIXTURE_STATES(fresh_from, VMIG_VARIANTS_ALL_STATES);
VMIG_FIXTURE(fresh);
VMIG_WORK_FIXTURE_WAYS(fresh_work);

#define SEED 0x5302
#define OTHER_SEED 0x5303

/* What was asked for comes within this time, if it comes. */
#define COMES_MS 500
/* And is asked for so long before. */
#define DELAY_MS 300

/* Made before the tests are, which are processes of their own. */
static struct vmig_portrait *portrait;

static void __attribute__((constructor)) make_room(void)
{
	portrait = vmig_shared_alloc(sizeof(*portrait));
}

static void need_portrait(struct vmig_device **dev)
{
	if (!portrait->taken)
		vmig_portrait_take(dev, portrait);
}

/* What a guest's driver may write to config space, and a reset or another user must not show. */
static void soil_config(struct vmig_device *dev)
{
	struct vfio_region_info *config = __vmig_pci_config(dev);
	uint16_t command;

	if (!config)
		return;
	if (__vmig_region_read(dev, config, PCI_COMMAND, &command, sizeof(command)) == 2)
		vmig_pci_write(dev, config, PCI_COMMAND,
			       command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
				       PCI_COMMAND_INTX_DISABLE,
			       2);
	vmig_pci_write(dev, config, PCI_INTERRUPT_LINE, 0x5a, 1);
	vmig_pci_write(dev, config, PCI_CACHE_LINE_SIZE, 0x10, 1);
	free(config);
}

/* A user's work: something in every part of the state, interrupts on, logging on. */
static void soil(struct vmig_device *dev, uint32_t seed)
{
	struct vfio_device_feature_dma_logging_range range = { .length = 16 * 4096 };
	uint64_t page_size = 4096;
	struct vmig_exercise w = {};

	vmig_exercise_begin(&w, dev);
	if (w.ops->set_pattern)
		vmig_set_pattern(&w, seed);
	vmig_exercise_end(&w);
	soil_config(dev);
	__vmig_log_start(dev, &page_size, &range, 1);
}

/* The stream of a device that somebody else has worked with. */
static void save_other(struct vmig_device *dev, struct vmig_stream *s)
{
	soil(dev, OTHER_SEED);
	vmig_save(dev, s);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

/* Leave it in a state, with a session half done; a load is done but for the SET that ends it. */
static int leave_in(struct vmig_device *dev, uint32_t state)
{
	struct vmig_stream other = {}, s = {};
	int fd;

	save_other(dev, &other);
	soil(dev, SEED);
	fd = vmig_goto_state(dev, state);
	if (state == VFIO_DEVICE_STATE_RESUMING)
		__vmig_stream_write(fd, other.data, other.len, &vmig_default_chunks, NULL);
	else if (fd >= 0)
		__vmig_stream_read_some(fd, &s, other.len / 2, &vmig_default_chunks);
	vmig_stream_free(&other);
	vmig_stream_free(&s);
	return fd;
}

VMIG_TEST_TIMEOUT(fresh_from, reopened_device_is_new, 60)
{
	const char *name = vmig_state_name(variant->state);
	int fd;

	CLAUSES(OPEN_03);
	NEED_STATE(variant->state);
	need_portrait(&self->dev);
	fd = leave_in(self->dev, variant->state);
	vmig_reopen(&self->dev);
	vmig_close_data_fd(fd);
	/* A state that was kept is OPEN-01's. */
	vmig_recover_running(self->dev);
	vmig_portrait_judge(portrait, self->dev, OPEN_03, true,
			    vmig_fmt("a user's work, close in %s and open", name));
}

VMIG_TEST_TIMEOUT(fresh_from, reset_device_is_new, 60)
{
	const char *name = vmig_state_name(variant->state);
	int fd;

	CLAUSES(RST_08);
	NEED_STATE(variant->state);
	NEED_RESET;
	need_portrait(&self->dev);
	fd = leave_in(self->dev, variant->state);
	vmig_reset(self->dev);
	vmig_close_data_fd(fd);
	vmig_recover_running(self->dev);
	vmig_portrait_judge(portrait, self->dev, RST_08, false,
			    vmig_fmt("a user's work and RESET in %s", name));
}

static void hold_on(void *arg)
{
	for (;;)
		pause();
}

/* A VMM that the host killed, in the middle of a save. */
VMIG_TEST_TIMEOUT(fresh, device_of_a_killed_user_is_new, 60)
{
	enum vmig_uapi uapi = variant->uapi;
	pid_t pid;
	int fd;

	CLAUSES(OPEN_03);
	need_portrait(&self->dev);
	fd = leave_in(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	pid = vmig_child_start(hold_on, NULL);
	vmig_close(self->dev);
	self->dev = NULL;
	vmig_close_data_fd(fd);
	if (vmig_child_kill(pid) == VMIG_CHILD_STUCK)
		vmig_test_error("the process that has the device cannot be killed");
	self->dev = vmig_open_soon(vmig_first_device(), uapi);
	vmig_recover_running(self->dev);
	vmig_portrait_judge(portrait, self->dev, OPEN_03, true,
			    "a user's work, SIGKILL in STOP_COPY and open");
}

VMIG_TEST_TIMEOUT(fresh, device_is_new_after_a_hot_reset, 60)
{
	int fd, ret;

	CLAUSES(RST_08);
	NEED(!strcmp(self->dev->id.bus, "pci"), "hot reset is for PCI devices");
	need_portrait(&self->dev);
	fd = leave_in(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	ret = __vmig_hot_reset(self->dev);
	vmig_close_data_fd(fd);
	NEED(!ret, "the hot reset is refused: %s", vmig_errno_name(ret));
	vmig_recover_running(self->dev);
	vmig_portrait_judge(portrait, self->dev, RST_08, false,
			    "a user's work and a hot reset in STOP_COPY");
}

/* The kernel only tries the reset, and does without where the device is in use. */
#define FLR_TRIES 10

VMIG_TEST_TIMEOUT(fresh, device_is_new_after_a_function_level_reset, 60)
{
	struct vfio_region_info *config = __vmig_pci_config(self->dev);
	struct vmig_flr flr;
	unsigned int i;
	int fd;

	CLAUSES(RST_08);
	NEED(config && vmig_pci_flr(self->dev, config, &flr),
	     "the device's config space offers no function level reset");
	need_portrait(&self->dev);
	fd = leave_in(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	for (i = 0; i < FLR_TRIES && vmig_get_state(self->dev) != VFIO_DEVICE_STATE_RUNNING; i++) {
		vmig_pci_write(self->dev, config, flr.at, flr.bits, flr.len);
		usleep(20000);
	}
	vmig_close_data_fd(fd);
	free(config);
	NEED(vmig_get_state(self->dev) == VFIO_DEVICE_STATE_RUNNING,
	     "the function level reset did not come, or left the state (RST-06)");
	vmig_portrait_judge(portrait, self->dev, RST_08, false,
			    "a user's work and a function level reset in STOP_COPY");
}

/* A new device under the fixture's exerciser, by a reset or by close and open. */
static void begin_anew(struct vmig_device **dev, struct vmig_exercise *w, bool reset)
{
	vmig_exercise_end(w);
	if (reset)
		vmig_reset(*dev);
	else
		vmig_reopen(dev);
	vmig_recover_running(*dev);
	vmig_exercise_begin(w, *dev);
}

static const char *way(bool reset)
{
	return reset ? "RESET" : "close and open";
}

/* Transfers of the user before, under way or held by a stop, into the memory of the next one. */
static void judge_dma(struct vmig_device **dev, struct vmig_exercise *w, struct vmig_dma *mem,
		      enum vmig_clause_id id, bool reset, bool held)
{
	struct vmig_dma before;
	uint32_t n;

	vmig_exercise_memory(w, mem);
	before = *mem;
	n = vmig_dma_ask_all(w, mem, SEED, false);
	if (held)
		vmig_set_state(*dev, VFIO_DEVICE_STATE_STOP);
	if (!reset) {
		vmig_dma_free(mem);
		memset(mem, 0, sizeof(*mem));
	}
	begin_anew(dev, w, reset);
	if (!reset)
		vmig_exercise_memory(w, mem);
	if (mem->iova != before.iova)
		vmig_test_error("memory of the next user is at another address");
	vmig_exercise_memory_clear(mem);
	vmig_sleep_ms(COMES_MS + w->ops->dma_time_ms * w->ops->dma_queue);
	CHECK(id, !vmig_dma_touched(mem, 0, mem->size),
	      vmig_fmt("memory after %u transfers%s, %s", n, held ? " and STOP" : "", way(reset)),
	      "nothing of before is written to it", "it was written to");
	vmig_dma_free(mem);
	memset(mem, 0, sizeof(*mem));
}

VMIG_TEST_TIMEOUT(fresh_work, transfers_end_with_a_reset, 60)
{
	CLAUSES(RST_08);
	NEED_SLOW_DMA;
	NEED_RESET;
	judge_dma(&self->dev, &self->w, &self->mem, RST_08, true, false);
	judge_dma(&self->dev, &self->w, &self->mem, RST_08, true, true);
}

VMIG_TEST_TIMEOUT(fresh_work, transfers_end_with_their_user, 60)
{
	CLAUSES(OPEN_03);
	NEED_SLOW_DMA;
	judge_dma(&self->dev, &self->w, &self->mem, OPEN_03, false, false);
	judge_dma(&self->dev, &self->w, &self->mem, OPEN_03, false, true);
}

/* An interrupt that was asked for before, and has not come yet. */
static void judge_interrupt(struct vmig_device **dev, struct vmig_exercise *w,
			    enum vmig_clause_id id, bool reset, bool held)
{
	int old = vmig_irq_listen(w), new;

	vmig_irq_raise(w, DELAY_MS);
	if (held)
		vmig_set_state(*dev, VFIO_DEVICE_STATE_STOP);
	if (reset)
		vmig_irq_end(w, old);
	begin_anew(dev, w, reset);
	new = vmig_irq_listen(w);
	CHECK(id, !vmig_eventfd_wait(new, DELAY_MS + COMES_MS),
	      vmig_fmt("interrupts after one was asked for%s, %s", held ? " and STOP" : "",
		       way(reset)),
	      "it does not come any more", "it came");
	vmig_irq_end(w, new);
	if (!reset)
		close(old);
}

VMIG_TEST_TIMEOUT(fresh_work, interrupts_end_with_a_reset, 60)
{
	CLAUSES(RST_08);
	NEED_LATER_IRQ;
	NEED_RESET;
	judge_interrupt(&self->dev, &self->w, RST_08, true, false);
	judge_interrupt(&self->dev, &self->w, RST_08, true, true);
}

VMIG_TEST_TIMEOUT(fresh_work, interrupts_end_with_their_user, 60)
{
	CLAUSES(OPEN_03);
	NEED_LATER_IRQ;
	judge_interrupt(&self->dev, &self->w, OPEN_03, false, false);
	judge_interrupt(&self->dev, &self->w, OPEN_03, false, true);
}

static void judge_dma_works(struct vmig_exercise *w, struct vmig_dma *mem, enum vmig_clause_id id,
			    const char *did)
{
	const char *why;

	vmig_exercise_memory(w, mem);
	why = vmig_dma_fault(w, mem, SEED);
	CHECK(id, !why, vmig_fmt("a transfer after %s", did), "it lands", "%s", why);
	vmig_dma_free(mem);
	memset(mem, 0, sizeof(*mem));
}

static void judge_interrupts_work(struct vmig_exercise *w, enum vmig_clause_id id, const char *did)
{
	int fd = vmig_irq_listen(w), ret = w->ops->irq_raise(w, 0);

	CHECK(id, !ret && vmig_eventfd_wait(fd, VMIG_EXERCISE_MS),
	      vmig_fmt("an interrupt that was asked for after %s", did), "it comes", "%s",
	      ret ? vmig_errno_name(ret) : "it does not");
	vmig_irq_end(w, fd);
}

/* Left in @state by a user who had all of it on. */
static void judge_works(struct vmig_device **dev, struct vmig_exercise *w, struct vmig_dma *mem,
			enum vmig_clause_id id, bool reset, uint32_t state)
{
	char did[96];
	int fd;

	snprintf(did, sizeof(did), "a user's work, %s in %s", way(reset), vmig_state_name(state));
	vmig_exercise_end(w);
	fd = leave_in(*dev, state);
	vmig_exercise_begin(w, *dev);
	begin_anew(dev, w, reset);
	vmig_close_data_fd(fd);
	if (w->ops->dma_write)
		judge_dma_works(w, mem, id, did);
	if (vmig_irq_there(w))
		judge_interrupts_work(w, id, did);
	if (w->ops->counter)
		CHECK(id, vmig_counter_comes(w), vmig_fmt("the counter after %s", did), "it counts",
		      "it stands still");
}

VMIG_TEST_TIMEOUT(fresh_work, device_works_after_a_reset, 90)
{
	CLAUSES(RST_08);
	NEED_RESET;
	NEED_WORK;
	judge_works(&self->dev, &self->w, &self->mem, RST_08, true, VFIO_DEVICE_STATE_RUNNING);
	judge_works(&self->dev, &self->w, &self->mem, RST_08, true, VFIO_DEVICE_STATE_STOP_COPY);
	judge_works(&self->dev, &self->w, &self->mem, RST_08, true, VFIO_DEVICE_STATE_RESUMING);
}

VMIG_TEST_TIMEOUT(fresh_work, device_works_for_the_next_user, 90)
{
	CLAUSES(OPEN_03);
	NEED_WORK;
	judge_works(&self->dev, &self->w, &self->mem, OPEN_03, false, VFIO_DEVICE_STATE_RUNNING);
	judge_works(&self->dev, &self->w, &self->mem, OPEN_03, false, VFIO_DEVICE_STATE_STOP_COPY);
	judge_works(&self->dev, &self->w, &self->mem, OPEN_03, false, VFIO_DEVICE_STATE_RESUMING);
}

VMIG_MAIN("fresh")
