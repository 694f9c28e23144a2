/*
 * BPF maps of the running experiment, from the workload's side: values that only the workload knows (a descriptor, the
 * address of a buffer) go to a probe through them, and back. Found by their names, so that no descriptor has to be
 * handed over; plain bpf(2), because a workload is static and needs no library.
 */
#ifndef LAB_MAP_H
#define LAB_MAP_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>

static long bpf_call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int map_named(uint32_t id, const char *name)
{
	union bpf_attr by_id = { .map_id = id }, by_fd = {};
	struct bpf_map_info info = {};
	int fd = (int)bpf_call(BPF_MAP_GET_FD_BY_ID, &by_id);

	if (fd < 0)
		return -1;
	by_fd.info.bpf_fd = (uint32_t)fd;
	by_fd.info.info_len = sizeof(info);
	by_fd.info.info = (uint64_t)(uintptr_t)&info;
	if (bpf_call(BPF_OBJ_GET_INFO_BY_FD, &by_fd) == 0 && strcmp(info.name, name) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The newest map of this name (at most 15 characters). Ends the workload when there is none. */
static __attribute__((unused)) int map_open(const char *name)
{
	union bpf_attr next = {};
	int found = -1;

	while (bpf_call(BPF_MAP_GET_NEXT_ID, &next) == 0) {
		int fd = map_named(next.next_id, name);

		if (fd >= 0 && found >= 0)
			close(found);
		if (fd >= 0)
			found = fd;
		next.start_id = next.next_id;
	}
	if (found >= 0)
		return found;
	fprintf(stderr, "no BPF map %s: is its probe attached?\n", name);
	exit(1);
}

/* Key and value have the sizes that the map was declared with. Both end the workload when the kernel refuses. */
static inline void map_put(int map, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uint64_t)(uintptr_t)key, .value = (uint64_t)(uintptr_t)value };

	if (bpf_call(BPF_MAP_UPDATE_ELEM, &attr) == 0)
		return;
	fprintf(stderr, "cannot write a BPF map: %s\n", strerror(errno));
	exit(1);
}

/* 0, or -1 where there is no such key. */
static inline int map_get(int map, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uint64_t)(uintptr_t)key, .value = (uint64_t)(uintptr_t)value };

	return bpf_call(BPF_MAP_LOOKUP_ELEM, &attr) == 0 ? 0 : -1;
}

/* The key after this one, or the first after NULL. 0, or -1 at the end. */
static inline int map_next(int map, const void *key, void *next)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uint64_t)(uintptr_t)key, .next_key = (uint64_t)(uintptr_t)next };

	return bpf_call(BPF_MAP_GET_NEXT_KEY, &attr) == 0 ? 0 : -1;
}

/* The value at 0 of an array of numbers of up to 8 bytes. */
static inline uint64_t map_first(int map)
{
	uint32_t zero = 0;
	uint64_t value = 0; /* little endian: a shorter value fills the low bytes */

	if (map_get(map, &zero, &value) == 0)
		return value;
	fprintf(stderr, "cannot read a BPF map: %s\n", strerror(errno));
	exit(1);
}

/* Sets the value at 0 of an array. */
static inline void map_put_first(int map, const void *value)
{
	uint32_t zero = 0;

	map_put(map, &zero, value);
}

#endif
