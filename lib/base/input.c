// SPDX-License-Identifier: GPL-2.0-only
/* Read a whole file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmig/input.h>

/* A run prints some hundred kB. What is larger went wrong, and its head shows how. */
#define INPUT_MAX (16UL << 20)
#define CHUNK (256UL << 10)

/**
 * vmig_input_read - read a file of a run into memory
 * @arena: where the contents go
 * @dirfd: directory that @path is relative to, or AT_FDCWD
 * @path: the file, "-" for standard input
 * @contents: what was read, at most the first 16 MiB
 *
 * Return: 0, or the errno of what failed; EISDIR for a directory.
 */
int vmig_input_read(struct arena *arena, int dirfd, const char *path, struct text *contents)
{
	return vmig_input_read_head(arena, dirfd, path, INPUT_MAX, contents);
}

/**
 * vmig_input_read_head - read the beginning of a file into memory
 * @arena: where the contents go
 * @dirfd: directory that @path is relative to, or AT_FDCWD
 * @path: the file, "-" for standard input
 * @max: bytes that are read at most, a chunk more or less
 * @contents: what was read
 *
 * Return: 0, or the errno of what failed; EISDIR for a directory.
 */
int vmig_input_read_head(struct arena *arena, int dirfd, const char *path, size_t max,
			 struct text *contents)
{
	size_t room = CHUNK, used = 0;
	char *buf, *bigger;
	struct stat st;
	int fd, err = 0;
	ssize_t n;

	contents->s = "";
	contents->n = 0;
	/* O_NONBLOCK: a FIFO with that name must not hang the program. */
	if (!strcmp(path, "-"))
		fd = dup(STDIN_FILENO);
	else
		fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size < (off_t)max)
		room = (size_t)st.st_size + 1;
	buf = arena_alloc(arena, room);
	while (used < max) {
		if (used == room) {
			bigger = arena_alloc(arena, 2 * room);
			memcpy(bigger, buf, used);
			buf = bigger;
			room *= 2;
		}
		n = read(fd, buf + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = errno;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(fd);
	contents->s = buf;
	contents->n = used;
	return err;
}
