// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast is the engine? Not a test: it prints figures, and their ratios within this run.
 *
 *	vmig_bench [--passes N] [--only PART] DEVICE...
 *		save, load, move (device to device) and many (four devices at once), or one of them
 *	vmig_bench --only stream DEVICE DEVICE
 *		one stream from device to device, and the memory
 *
 * A machine is not equally fast all the time. So the ways that are compared take turns on
 * slices of one and the same stream, and in each pass another one begins; the first pass only
 * warms up. The ceiling is the same engine over files in memory: what copying alone costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/error.h>
#include <vmig/open_any.h>
#include "bench.h"

#define MIB (1UL << 20)
#define SLICE (32 * MIB)

/* Where calls overlap, the first and the last one of a slice do not: many are to be between. */
#define LONG_SLICE (64 * MIB)

/* So much of a stream before it counts: the engine has chosen by then. */
#define WARM_UP (256 * MIB)

/* Nothing here takes so long: what hangs, ends. */
#define LIMIT_S 1700

static struct vmig_device *devices[BENCH_DEVICES];
static unsigned int nr_devices;
static unsigned int passes = 5;

/* A stream of the first device, and a file of the same size. */
static int stream_fd, copy_fd;
static unsigned char *stream;
static uint64_t stream_len;

static struct bench_way *ways;
static unsigned int nr_ways;

static struct vmig_engine *engine(enum vmig_method method, bool nonblock, unsigned int flows)
{
	struct vmig_engine_options o = { .method = method, .nonblock = nonblock };
	struct vmig_engine *e;
	char why[256];

	e = vmig_engine_open(&o, flows, why, sizeof(why));
	if (!e) {
		printf("vmig: %s\n", why);
		exit(2);
	}
	if (why[0])
		printf("vmig: %s; the engine does without\n", why);
	return e;
}

static void ways_begin(void)
{
	ways = vmig_alloc(BENCH_WAYS_MAX * sizeof(*ways));
	nr_ways = 0;
}

static void ways_end(void)
{
	unsigned int i;

	for (i = 0; i < nr_ways; i++)
		vmig_engine_close(ways[i].engine);
	free(ways);
}

static struct bench_way *add(const char *name, enum bench_kind kind, size_t block)
{
	struct bench_way *way = &ways[nr_ways++];

	way->name = name;
	way->kind = kind;
	way->block = block;
	return way;
}

static struct bench_way *add_engine(const char *name, enum vmig_method method, bool nonblock,
				    unsigned int flows)
{
	struct bench_way *way = add(name, BENCH_ENGINE, 0);

	way->engine = engine(method, nonblock, flows);
	return way;
}

static struct bench_way *add_ceiling(const char *name, struct vmig_endpoint from,
				     struct vmig_endpoint to)
{
	struct bench_way *way = add_engine(name, VMIG_METHOD_AUTO, false, 1);

	way->own = true;
	way->flows[0] = (struct vmig_flow){ .from = from, .to = to };
	way->count = 1;
	return way;
}

/* The loops over all block sizes; returns the one at 1 MiB, what QEMU does. */
static struct bench_way *add_loops(void)
{
	static char names[12][32];
	struct bench_way *qemu = NULL, *way;
	unsigned int i;

	for (i = 0; 4096UL << i <= BENCH_BLOCK_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "loop, %lu KiB", 4UL << i);
		way = add(names[i], BENCH_LOOP, 4096UL << i);
		if (way->block == MIB)
			qemu = way;
	}
	return qemu;
}

static struct bench_way *best_loop(void)
{
	struct bench_way *best = NULL;
	unsigned int i;

	for (i = 0; i < nr_ways; i++)
		if (ways[i].kind == BENCH_LOOP &&
		    (!best || vmig_bench_spread(&ways[i]).median > vmig_bench_spread(best).median))
			best = &ways[i];
	return best;
}

/* The ways take turns until the streams are at their ends; none of them is left unfinished. */
static void take_turns(struct vmig_flow *flows, unsigned int count, unsigned int pass,
		       uint64_t slice)
{
	struct vmig_engine *rest;
	unsigned int turn = pass * 5;
	unsigned int i;

	for (i = 0; !pass && i < nr_ways; i++)
		if (ways[i].kind == BENCH_ENGINE)
			vmig_bench_slice(&ways[i], flows, count, WARM_UP, true);
	while (vmig_bench_slice(&ways[turn++ % nr_ways], flows, count, slice, !pass))
		;
	/* A slice that was cut off by the end leaves nothing; the last read() must say so. */
	rest = engine(VMIG_METHOD_SYNC, false, count);
	for (i = 0; i < count; i++)
		flows[i].limit = 0;
	if (__vmig_engine_run(rest, flows, count))
		vmig_fail("the end of a stream: %s", vmig_errno_name(flows[0].ret));
	vmig_engine_close(rest);
}

static void print_ways(const char *what)
{
	struct bench_spread s;
	unsigned int i;

	printf("\n%s\n  %-34s %9s %20s %4s\n", what, "", "MB/s", "p25 to p75", "n");
	for (i = 0; i < nr_ways; i++) {
		s = vmig_bench_spread(&ways[i]);
		printf("  %-34s %9.1f %9.1f to %7.1f %4u", ways[i].name, s.median / 1e6,
		       s.p25 / 1e6, s.p75 / 1e6, ways[i].samples);
		if (ways[i].kind == BENCH_ENGINE)
			printf("  %s", vmig_engine_choice(ways[i].engine));
		printf("\n");
	}
}

static void ratio(const struct bench_way *a, const struct bench_way *b, double target)
{
	struct bench_spread x = vmig_bench_spread(a), y = vmig_bench_spread(b);
	double r = x.median / y.median;

	printf("  ratio %s / %s: %.2f", a->name, b->name, r);
	if (target > 0)
		printf(" (target %.2f, %s)", target, r >= target ? "met" : "NOT MET");
	printf(", of the upper quartiles %.2f\n", x.p75 / y.p75);
}

/* What overlapping could gain at most, were the processors not in each other's way. */
static void print_bound(const struct bench_way *loop)
{
	double all = loop->read_s + loop->write_s, longer = loop->read_s;

	if (loop->write_s > longer)
		longer = loop->write_s;
	printf("  %s: %.0f %% of its time in read(), %.0f %% in write(); at once, with nothing lost, "
	       "it would be %.2f times as fast\n",
	       loop->name, 100 * loop->read_s / all, 100 * loop->write_s / all, all / longer);
}

static int state_fd(struct vmig_device *dev, uint32_t state)
{
	vmig_recover_running(dev);
	return vmig_goto_state(dev, state);
}

/* After RESUMING this is where the driver says whether all has come, and in order. */
static void leave(struct vmig_device *dev, int fd)
{
	vmig_goto_state(dev, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
}

/* For the parts that load it, or compare with files as long. */
static void keep_stream(void)
{
	struct vmig_flow f = {};
	struct vmig_engine *e;
	int fd;

	if (stream)
		return;
	fd = state_fd(devices[0], VFIO_DEVICE_STATE_STOP_COPY);
	e = engine(VMIG_METHOD_SYNC, false, 1);
	stream_fd = memfd_create("stream", MFD_CLOEXEC);
	copy_fd = memfd_create("copy", MFD_CLOEXEC);
	f.from = vmig_endpoint_fd(fd);
	f.to = vmig_endpoint_fd(stream_fd);
	if (__vmig_engine_run(e, &f, 1))
		vmig_fail("saving into memory failed after %llu bytes: %s",
			  (unsigned long long)f.bytes, vmig_errno_name(f.ret));
	leave(devices[0], fd);
	vmig_engine_close(e);
	stream_len = f.bytes;
	stream = mmap(NULL, stream_len, PROT_READ, MAP_SHARED | MAP_POPULATE, stream_fd, 0);
	if (stream == MAP_FAILED)
		vmig_fail("mmap() of the stream: %s", vmig_errno_name(errno));
}

/* As each slice begins at the front again, the file has its pages from the first one on. */
static struct vmig_endpoint copy_place(void)
{
	return vmig_endpoint_fd(copy_fd);
}

/* Save and load have the same targets. */
static void print_one_way(const char *title, struct bench_way *e, struct bench_way *qemu,
			  struct bench_way *ceiling)
{
	print_ways(title);
	ratio(e, qemu, 0);
	ratio(e, best_loop(), 1.0);
	ratio(e, ceiling, 0.85);
	ways_end();
}

static void bench_save(void)
{
	struct bench_way *qemu, *e, *ceiling;
	struct vmig_flow f;
	unsigned int pass;

	keep_stream();
	ways_begin();
	qemu = add_loops();
	e = add_engine("engine", VMIG_METHOD_AUTO, false, 1);
	add_engine("engine, io_uring alone", VMIG_METHOD_RING, false, 1);
	add_engine("engine, io_uring and O_NONBLOCK", VMIG_METHOD_RING, true, 1);
	ceiling =
		add_ceiling("ceiling, from a memfd", vmig_endpoint_fd(stream_fd), vmig_sink_null());
	add_ceiling("ceiling, from /dev/zero",
		    vmig_endpoint_fd(open("/dev/zero", O_RDONLY | O_CLOEXEC)), vmig_sink_null());
	for (pass = 0; pass <= passes; pass++) {
		f = (struct vmig_flow){ .to = vmig_sink_null() };
		f.from = vmig_endpoint_fd(state_fd(devices[0], VFIO_DEVICE_STATE_STOP_COPY));
		take_turns(&f, 1, pass, SLICE);
		leave(devices[0], f.from.fd);
	}
	print_one_way("Save: device to memory", e, qemu, ceiling);
}

static void bench_load(void)
{
	struct bench_way *qemu, *e, *ceiling;
	struct vmig_flow f;
	unsigned int pass;

	keep_stream();
	ways_begin();
	qemu = add_loops();
	e = add_engine("engine", VMIG_METHOD_AUTO, false, 1);
	add_engine("engine, io_uring alone", VMIG_METHOD_RING, false, 1);
	ceiling = add_ceiling("ceiling, into a memfd", vmig_endpoint_memory(stream, stream_len),
			      copy_place());
	for (pass = 0; pass <= passes; pass++) {
		f = (struct vmig_flow){ .from = vmig_endpoint_memory(stream, stream_len) };
		f.to = vmig_endpoint_fd(state_fd(devices[0], VFIO_DEVICE_STATE_RESUMING));
		take_turns(&f, 1, pass, SLICE);
		leave(devices[0], f.to.fd);
	}
	print_one_way("Load: memory to device", e, qemu, ceiling);
}

static void bench_move(void)
{
	struct bench_way *qemu, *e, *ring;
	struct vmig_flow f;
	unsigned int pass;

	if (nr_devices < 2) {
		printf("\nDevice to device: needs a second device\n");
		return;
	}
	keep_stream();
	ways_begin();
	qemu = add("loop, 1024 KiB", BENCH_LOOP, MIB);
	add("loop, 256 KiB", BENCH_LOOP, MIB / 4);
	add("loop, 64 KiB", BENCH_LOOP, MIB / 16);
	e = add_engine("engine", VMIG_METHOD_AUTO, false, 1);
	ring = add_engine("engine, io_uring alone", VMIG_METHOD_RING, false, 1);
	add_ceiling("ceiling, memfd to memfd", vmig_endpoint_fd(stream_fd), copy_place());
	for (pass = 0; pass <= passes; pass++) {
		f = (struct vmig_flow){};
		f.from = vmig_endpoint_fd(state_fd(devices[0], VFIO_DEVICE_STATE_STOP_COPY));
		f.to = vmig_endpoint_fd(state_fd(devices[1], VFIO_DEVICE_STATE_RESUMING));
		take_turns(&f, 1, pass, LONG_SLICE);
		leave(devices[0], f.from.fd);
		leave(devices[1], f.to.fd);
	}
	print_ways("Device to device: read() of one, write() to the other");
	ratio(e, qemu, 1.6);
	ratio(e, best_loop(), 0);
	ratio(ring, qemu, 0);
	print_bound(qemu);
	ways_end();
}

static void bench_many(void)
{
	struct vmig_flow f[BENCH_DEVICES];
	struct bench_way *threads, *e;
	unsigned int pass, i;

	if (nr_devices < BENCH_DEVICES) {
		printf("\nFour devices: needs %d devices, %u are there\n", BENCH_DEVICES,
		       nr_devices);
		return;
	}
	ways_begin();
	threads = add("four threads, loops of 1024 KiB", BENCH_THREADS, MIB);
	add("one thread, loops of 1024 KiB", BENCH_LOOP, MIB);
	e = add_engine("engine, one thread", VMIG_METHOD_AUTO, false, BENCH_DEVICES);
	add_engine("engine, io_uring alone", VMIG_METHOD_RING, false, BENCH_DEVICES);
	for (pass = 0; pass <= passes; pass++) {
		for (i = 0; i < BENCH_DEVICES; i++) {
			f[i] = (struct vmig_flow){ .to = vmig_sink_null() };
			f[i].from =
				vmig_endpoint_fd(state_fd(devices[i], VFIO_DEVICE_STATE_STOP_COPY));
		}
		take_turns(f, BENCH_DEVICES, pass, LONG_SLICE);
		for (i = 0; i < BENCH_DEVICES; i++)
			leave(devices[i], f[i].from.fd);
	}
	print_ways("Four devices saved at once, sum of all");
	ratio(e, threads, 0.9);
	ways_end();
}

/* One stream, however long, and what the process has of memory meanwhile. */
static void bench_stream(void)
{
	struct vmig_flow f = {};
	struct vmig_engine *e;
	unsigned int i;

	if (nr_devices < 2) {
		printf("vmig: --only stream needs two devices\n");
		exit(2);
	}
	e = engine(VMIG_METHOD_AUTO, false, 1);
	f.from = vmig_endpoint_fd(state_fd(devices[0], VFIO_DEVICE_STATE_STOP_COPY));
	f.to = vmig_endpoint_fd(state_fd(devices[1], VFIO_DEVICE_STATE_RESUMING));
	for (i = 1; i == 1 || f.where; i++) {
		f.limit = i * 1024 * MIB;
		if (__vmig_engine_run(e, &f, 1))
			vmig_fail("%s failed after %llu bytes: %s", f.where,
				  (unsigned long long)f.bytes, vmig_errno_name(f.ret));
		printf("  %7.2f GiB moved, resident %.1f MiB, never more than %.1f MiB\n",
		       (double)f.bytes / (1024 * MIB), (double)vmig_bench_resident("VmRSS") / MIB,
		       (double)vmig_bench_resident("VmHWM") / MIB);
		fflush(stdout);
	}
	leave(devices[0], f.from.fd);
	leave(devices[1], f.to.fd);
	vmig_engine_close(e);
}

static const struct part {
	const char *name;
	void (*run)(void);
	bool at_large; /* not where nothing is asked for */
} parts[] = {
	{ "save", bench_save, false },	  { "load", bench_load, false },
	{ "move", bench_move, false },	  { "many", bench_many, false },
	{ "stream", bench_stream, true },
};

#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static void usage(void)
{
	unsigned int i;

	printf("vmig: usage: vmig_bench [--passes 1 to 100] [--only PART] DEVICE...; parts:");
	for (i = 0; i < NR_PARTS; i++)
		printf(" %s", parts[i].name);
	printf("\n");
	exit(2);
}

static const char *read_options(char ***arg)
{
	const char *only = NULL;
	unsigned int i = 0;

	for (; **arg && !strncmp(**arg, "--", 2) && (*arg)[1]; *arg += 2) {
		if (!strcmp(**arg, "--passes"))
			passes = strtoul((*arg)[1], NULL, 10);
		else if (!strcmp(**arg, "--only"))
			only = (*arg)[1];
		else
			usage();
	}
	while (only && i < NR_PARTS && strcmp(parts[i].name, only))
		i++;
	if (i == NR_PARTS || passes < 1 || passes > 100)
		usage();
	return only;
}

static void open_devices(char **names)
{
	struct vmig_dev_id id;
	char why[512];
	uint64_t flags;

	for (; *names && nr_devices < BENCH_DEVICES; names++) {
		if (vmig_resolve(*names, &id, why, sizeof(why)) ||
		    vmig_open_any(&id, &devices[nr_devices], why, sizeof(why))) {
			printf("vmig: %s\n", why);
			exit(2);
		}
		if (__vmig_get_migration(devices[nr_devices], &flags)) {
			printf("vmig: %s offers no migration\n", id.name);
			exit(2);
		}
		nr_devices++;
	}
	if (!nr_devices)
		usage();
}

/* Also from one of several threads. The devices are reset when the kernel closes them. */
static void give_up(const char *message)
{
	fflush(stdout);
	fprintf(stderr, "vmig: %s\n", message);
	_exit(2);
}

int main(int argc, char **argv)
{
	char **arg = argv + !!argc;
	const char *only = read_options(&arg);
	unsigned int i;

	vmig_set_fail_hook(give_up);
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_devices(arg);
	alarm(LIMIT_S);
	printf("%s, %u devices, %.1f MiB of state each, %ld processors\n", devices[0]->id.driver,
	       nr_devices, (double)vmig_get_data_size(devices[0]) / MIB,
	       sysconf(_SC_NPROCESSORS_ONLN));
	vmig_bench_calibrate();
	for (i = 0; i < NR_PARTS; i++)
		if (only ? !strcmp(parts[i].name, only) : !parts[i].at_large)
			parts[i].run();
	while (nr_devices) {
		vmig_recover_running(devices[--nr_devices]);
		vmig_close(devices[nr_devices]);
	}
	return 0;
}
