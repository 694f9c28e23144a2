#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

/* Entries per map that are dumped; a hash of a million entries is an artefact of its own, not a line of JSON. */
#define DUMP_LIMIT 4096

static struct bpf_map *find_map(const struct options *options, struct bpf_object **objects, const char *name)
{
	for (int i = 0; i < options->object_count; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(objects[i], name);
		if (map)
			return map;
	}
	return NULL;
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

/* map:key=value with integers; the value "pid" is the workload's. Each slot is read back before the workload starts. */
int fill_slots(const struct options *options, struct bpf_object **objects, pid_t pid)
{
	for (int i = 0; i < options->slot_count; i++) {
		unsigned char key[8] = {}, value[8] = {}, back[8] = {};
		char name[64], text[64];
		unsigned long long k, v;

		if (sscanf(options->slots[i], "%63[^:]:%llu=%63s", name, &k, text) != 3)
			return slot_failed(options->slots[i], "not map:key=value");
		v = strcmp(text, "pid") == 0 ? (unsigned long long)pid : strtoull(text, NULL, 0);

		struct bpf_map *map = find_map(options, objects, name);
		if (!map)
			return slot_failed(options->slots[i], "no map of this name in any object");
		if (bpf_map__key_size(map) > 8 || bpf_map__value_size(map) > 8)
			return slot_failed(options->slots[i], "key or value is wider than 8 bytes");
		memcpy(key, &k, sizeof(k)); /* little endian: the low bytes come first */
		memcpy(value, &v, sizeof(v));
		if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY) != 0)
			return slot_failed(options->slots[i], errno == E2BIG ? "the key is out of range (max_entries)" : strerror(errno));
		if (bpf_map_lookup_elem(bpf_map__fd(map), key, back) != 0 || memcmp(back, value, bpf_map__value_size(map)) != 0)
			return slot_failed(options->slots[i], "read back another value than was written");
		json_begin("slot");
		json_text("slot", options->slots[i]);
		json_number("value", (long long)v);
		json_end();
	}
	return 0;
}

static void dump_map(const struct bpf_map *map)
{
	__u32 key_size = bpf_map__key_size(map), value_size = bpf_map__value_size(map), entries = 0;
	unsigned char *key = calloc(1, key_size + 1), *value = calloc(1, value_size + 8);
	void *previous = NULL;

	json_begin("map");
	json_text("name", bpf_map__name(map));
	json_number("type", bpf_map__type(map));
	json_number("keySize", key_size);
	json_number("valueSize", value_size);
	json_number("maxEntries", bpf_map__max_entries(map));
	json_end();
	while (key && value && entries < DUMP_LIMIT && bpf_map_get_next_key(bpf_map__fd(map), previous, key) == 0) {
		if (bpf_map_lookup_elem(bpf_map__fd(map), key, value) == 0) {
			json_begin("map-entry");
			json_text("map", bpf_map__name(map));
			json_hex("key", key, key_size);
			json_hex("value", value, value_size);
			json_end();
		}
		previous = key;
		entries++;
	}
	free(key);
	free(value);
}

/* Arrays and hashes as hexadecimal bytes; per-CPU maps have another value layout and are only named. */
void dump_maps(const struct options *options, struct bpf_object **objects)
{
	for (int i = 0; i < options->object_count; i++) {
		struct bpf_map *map;

		bpf_object__for_each_map(map, objects[i]) {
			enum bpf_map_type type = bpf_map__type(map);

			if (bpf_map__is_internal(map))
				continue;
			if (type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH)
				dump_map(map);
		}
	}
}
