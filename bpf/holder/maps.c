/*
 * Maps as bytes: declared slots are written before the workload starts, and everything is dumped after it. What the
 * bytes mean is in the object's BTF, which the host reads; here is only what needs the kernel.
 */
#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

/* Entries per map that are dumped; a hash of a million entries is an artefact of its own, not a line of JSON. */
#define DUMP_LIMIT 4096
/* A key or value that a slot may have; more than any array of text in a struct. */
#define SLOT_BYTES 4096

/* A map by its name; ".data" and ".bss" are the maps that libbpf makes of global variables ("OBJECT.bss"). */
static struct bpf_map *find_map(struct bpf_object *object, const char *name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const char *own = bpf_map__name(map);
		size_t length = strlen(own), tail = strlen(name);

		if (strcmp(own, name) == 0)
			return map;
		if (name[0] == '.' && bpf_map__is_internal(map) && length >= tail && strcmp(own + length - tail, name) == 0)
			return map;
	}
	return NULL;
}

static bool is_per_cpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* What bpf_map_lookup_elem() copies: per-CPU maps give one value per possible CPU, each at a multiple of 8. */
static size_t lookup_size(const struct bpf_map *map, int cpus)
{
	size_t size = bpf_map__value_size(map);

	return is_per_cpu(bpf_map__type(map)) ? (size + 7) / 8 * 8 * (size_t)cpus : size;
}

static int slot_failed(const char *slot, const char *why)
{
	json_begin("error");
	json_text("doing", "fill map slot");
	json_text("value", slot);
	json_text("text", why);
	json_end();
	return -EINVAL;
}

/* "0a000000" as bytes, or "pid/4" as the workload's pid in 4 bytes. Number of bytes, or -1. */
static long slot_bytes(const char *text, pid_t pid, unsigned char *bytes)
{
	size_t length = strlen(text);
	unsigned int size, byte;

	if (sscanf(text, "pid/%u", &size) == 1 && size >= 1 && size <= 8) {
		unsigned long long value = (unsigned long long)pid;

		memcpy(bytes, &value, size); /* little endian: the low bytes come first */
		return (long)size;
	}
	if (length % 2 != 0 || length / 2 > SLOT_BYTES)
		return -1;
	for (size_t i = 0; i < length / 2; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return -1;
		bytes[i] = (unsigned char)byte;
	}
	return (long)(length / 2);
}

/*
 * Changes some bytes of one value (of every CPU's, in a per-CPU map), writes it, and compares what the kernel gives
 * back.
 */
static const char *fill_slot(int object, struct bpf_map *map, const unsigned char *key, size_t offset, const unsigned char *part, size_t length,
			     int cpus)
{
	size_t all = lookup_size(map, cpus), one = bpf_map__value_size(map), stride = (one + 7) / 8 * 8;
	int fd = bpf_map__fd(map), copies = is_per_cpu(bpf_map__type(map)) ? cpus : 1;
	unsigned char *value = calloc(1, all + 8), *back = calloc(1, all + 8);
	const char *why = NULL;

	if (!value || !back)
		why = "out of memory";
	else if (offset + length > one)
		why = "the value is narrower than what is to be written";
	else {
		bpf_map_lookup_elem(fd, key, value); /* an entry that is not there yet begins with zeros */
		for (int i = 0; i < copies; i++)
			memcpy(value + (size_t)i * stride + offset, part, length);
		if (bpf_map_update_elem(fd, key, value, BPF_ANY) != 0)
			why = errno == E2BIG ? "the key is out of range (max_entries)" : strerror(errno);
		else if (bpf_map_lookup_elem(fd, key, back) != 0 || memcmp(back, value, all) != 0)
			why = "the kernel gives back another value than was written";
	}
	if (!why) {
		json_begin("slot");
		json_number("object", object);
		json_text("map", bpf_map__name(map));
		json_hex("key", key, bpf_map__key_size(map));
		json_hex("value", back, one);
		json_end();
	}
	free(value);
	free(back);
	return why;
}

/* Puts a program of the object into a map of programs; what the kernel gives back of it is its number. */
static const char *fill_program(int object, struct bpf_object *from, struct bpf_map *map, const unsigned char *key,
				const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(from, name);
	int fd = program ? bpf_program__fd(program) : -1;
	__u32 id = 0;

	if (fd < 0)
		return "no program of this name";
	if (bpf_map_update_elem(bpf_map__fd(map), key, &fd, BPF_ANY) != 0)
		return errno == EINVAL ? "the kernel refuses the program: its type differs from that of the programs in the map or of those that jump"
				       : strerror(errno);
	bpf_map_lookup_elem(bpf_map__fd(map), key, &id); /* since 4.16; the number says nothing more than that it is there */
	json_begin("slot");
	json_number("object", object);
	json_text("map", bpf_map__name(map));
	json_hex("key", key, bpf_map__key_size(map));
	json_hex("value", &id, sizeof(id));
	json_end();
	return NULL;
}

/*
 * OBJECT:MAP:KEY:OFFSET:VALUE, the object by its number on the command line. 0, or -EINVAL when the workload must not
 * start.
 */
int fill_slots(const struct options *options, struct bpf_object **objects, pid_t pid)
{
	static unsigned char key[SLOT_BYTES], part[SLOT_BYTES];
	static char text[SLOT_BYTES * 4 + 256];
	int cpus = libbpf_num_possible_cpus();

	for (int i = 0; i < options->slot_count; i++) {
		const char *slot = options->slots[i], *why;
		char *fields[5], *rest = text;
		int count = 0;

		snprintf(text, sizeof(text), "%s", slot);
		while (count < 5 && (fields[count] = strsep(&rest, ":")))
			count++;
		if (count != 5)
			return slot_failed(slot, "not OBJECT:MAP:KEY:OFFSET:VALUE");
		int object = atoi(fields[0]);
		struct bpf_map *map = object >= 0 && object < options->object_count ? find_map(objects[object], fields[1]) : NULL;
		if (!map)
			return slot_failed(slot, "no map of this name");
		long key_size = slot_bytes(fields[2], pid, key);
		if (strncmp(fields[4], "program/", 8) == 0 && key_size == (long)bpf_map__key_size(map)) {
			if ((why = fill_program(object, objects[object], map, key, fields[4] + 8)))
				return slot_failed(slot, why);
			continue;
		}
		long size = slot_bytes(fields[4], pid, part);
		if (size < 0 || key_size != (long)bpf_map__key_size(map))
			return slot_failed(slot, "the key has another size");
		if ((why = fill_slot(object, map, key, strtoul(fields[3], NULL, 10), part, (size_t)size, cpus)))
			return slot_failed(slot, why);
	}
	return 0;
}

static bool has_values(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_STACK_TRACE || is_per_cpu(type);
}

/*
 * The next entry. Maps of stacks have no such call before 4.18 (16f07c551c9f): there the numbers of their buckets are
 * tried, of which there are as many as the next power of two.
 */
static bool next_key(const struct bpf_map *map, const void *previous, unsigned char *key, unsigned char *value)
{
	__u32 id = 0;

	if (bpf_map_get_next_key(bpf_map__fd(map), previous, key) == 0)
		return true;
	if (bpf_map__type(map) != BPF_MAP_TYPE_STACK_TRACE || errno != EINVAL)
		return false;
	if (previous) {
		memcpy(&id, previous, sizeof(id));
		id++;
	}
	for (; id < 2 * bpf_map__max_entries(map); id++)
		if (bpf_map_lookup_elem(bpf_map__fd(map), &id, value) == 0) {
			memcpy(key, &id, sizeof(id));
			return true;
		}
	return false;
}

/* A stack ends with its first empty frame: what follows is zeros, which nobody needs to send. */
static size_t dump_size(enum bpf_map_type type, const unsigned char *value, size_t size)
{
	while (type == BPF_MAP_TYPE_STACK_TRACE && size > 8 && memcmp(value + size - 8, "\0\0\0\0\0\0\0", 8) == 0)
		size -= 8;
	return size;
}

static void dump_map(int object, const struct bpf_map *map, int cpus)
{
	__u32 key_size = bpf_map__key_size(map), entries = 0;
	size_t size = lookup_size(map, cpus);
	enum bpf_map_type type = bpf_map__type(map);
	unsigned char *key = calloc(1, key_size + 1), *value = calloc(1, size + 8);
	void *previous = NULL;

	json_begin("map");
	json_number("object", object);
	json_text("name", bpf_map__name(map));
	json_number("type", type);
	json_number("keySize", key_size);
	json_number("valueSize", bpf_map__value_size(map));
	json_number("maxEntries", bpf_map__max_entries(map));
	json_number("cpus", is_per_cpu(type) ? cpus : 0);
	json_end();
	while (has_values(type) && key && value && next_key(map, previous, key, value)) {
		if (entries++ >= DUMP_LIMIT) {
			json_begin("map-cut");
			json_number("object", object);
			json_text("map", bpf_map__name(map));
			json_number("entries", DUMP_LIMIT);
			json_end();
			break;
		}
		if (bpf_map_lookup_elem(bpf_map__fd(map), key, value) == 0) {
			json_begin("map-entry");
			json_number("object", object);
			json_text("map", bpf_map__name(map));
			json_hex("key", key, key_size);
			json_hex("value", value, dump_size(type, value, size));
			json_end();
		}
		previous = key;
	}
	free(key);
	free(value);
}

/*
 * Every map with its entries as hexadecimal bytes. Constants (.rodata, .kconfig) say nothing about a run and are left
 * out.
 */
void dump_maps(const struct options *options, struct bpf_object **objects)
{
	int cpus = libbpf_num_possible_cpus();

	for (int i = 0; i < options->object_count; i++) {
		struct bpf_map *map;

		bpf_object__for_each_map(map, objects[i]) {
			const char *dot = strchr(bpf_map__name(map), '.');

			if (strncmp(bpf_map__name(map), "lab_", 4) == 0) /* counters of lab.bpf.h */
				continue;

			if (bpf_map__is_internal(map) && !(dot && (strcmp(dot, ".data") == 0 || strcmp(dot, ".bss") == 0)))
				continue;
			dump_map(i, map, cpus);
		}
	}
}
