/*
 * Where probed functions are. To find a function by its name the kernel goes through all of its symbols, several times
 * for each kprobe event (kallsyms_lookup_name() before 6.2): 8 ms of a CPU under TCG, and a fraction of one by its
 * address. So the first run of a server attaches by name, and the kernel's list of kprobes then says where that led: of
 * several functions of one name to the one that the kernel chose. A function that is not in that list under its own
 * name, whose name is there with several addresses, or that is part of a module, which may be loaded somewhere else the
 * next time, is looked up by name in each run.
 */
#include "holder.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define MOST MAX_PROGRAMS

static struct known {
	char function[128];
	unsigned long long address;
} *known;

/*
 * Before the first run is forked: the runs of a server share what they learn. Without memory for it they learn nothing.
 */
void addresses_share(void)
{
	void *memory = mmap(NULL, MOST * sizeof(*known), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	known = memory == MAP_FAILED ? NULL : memory;
}

/* "0xffffffff81234560", or NULL where the address is not known. */
const char *address_of(const char *function)
{
	static char text[32];

	for (int i = 0; known && i < MOST && known[i].address; i++)
		if (strcmp(known[i].function, function) == 0) {
			snprintf(text, sizeof(text), "0x%llx", known[i].address);
			return text;
		}
	return NULL;
}

/*
 * A line "ffffffff81234560  k  vfs_read+0x0    [FTRACE]" of the beginning of a function; a module's name follows the
 * offset.
 */
static bool parse(const char *line, char *function, unsigned long long *address)
{
	unsigned int offset;
	int end = 0;

	if (sscanf(line, "%llx %*c %127[^+ ]+0x%x%n", address, function, &offset, &end) != 3 || end == 0)
		return false;
	end += (int)strspn(line + end, " ");
	return offset == 0 && *address != 0 && (line[end] == '[' || line[end] == '\n' || line[end] == 0);
}

/* The one address that the list has for a function; 0 where it has none, or several. */
static unsigned long long find(const char *list, const char *function)
{
	unsigned long long found = 0, address;
	char name[128];

	for (const char *line = list; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (!parse(line, name, &address) || strcmp(name, function) != 0)
			continue;
		if (found && found != address)
			return 0;
		found = address;
	}
	return found;
}

/* @list: the kernel's kprobes while those of this run are attached. */
void addresses_learn(const struct attachment *attachments, int count, const char *list)
{
	for (int i = 0; known && i < count; i++) {
		const char *section = attachments[i].attached ? bpf_program__section_name(attachments[i].program) : "";
		const char *function = strchr(section, '/') ? strchr(section, '/') + 1 : "";
		unsigned long long address = 0;
		int free = 0;

		if (attachments[i].event[0] && function[0] && !address_of(function))
			address = find(list, function);
		while (free < MOST && known[free].address)
			free++;
		if (!address || free == MOST)
			continue;
		snprintf(known[free].function, sizeof(known[free].function), "%s", function);
		known[free].address = address;
	}
}
