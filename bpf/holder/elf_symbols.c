/*
 * The symbols of a program or library, as an ELF file that has its program headers and its tables of symbols and
 * nothing else: of a C library a twentieth.
 */
#include "holder.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_SECTIONS 4096
#define MOST_BYTES (8 << 20) /* of one table */

static bool get(int fd, void *to, size_t size, uint64_t at)
{
	return at <= INT64_MAX && pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

static bool put(int fd, const void *from, size_t size)
{
	return write(fd, from, size) == (ssize_t)size;
}

/* Bytes of a file, to be freed; NULL where there are none. */
static void *bytes_of(int fd, uint64_t at, uint64_t size)
{
	void *bytes = size > 0 && size <= MOST_BYTES ? malloc(size) : NULL;

	if (bytes && !get(fd, bytes, size, at)) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static bool is_wanted(const Elf64_Shdr *section)
{
	return section->sh_type == SHT_SYMTAB || section->sh_type == SHT_DYNSYM;
}

/* Copies the content of a section to the end of the file, and says where it is now. */
static bool copy(int from, int to, Elf64_Shdr *section)
{
	void *bytes = bytes_of(from, section->sh_offset, section->sh_size);
	off_t at = lseek(to, 0, SEEK_END);
	bool ok = bytes && at >= 0 && put(to, bytes, section->sh_size);

	section->sh_offset = (uint64_t)at;
	free(bytes);
	return ok;
}

static bool write_all(int from, int to, Elf64_Ehdr *header, Elf64_Shdr *sections)
{
	size_t segments = (size_t)header->e_phnum * sizeof(Elf64_Phdr);
	void *phdrs = bytes_of(from, header->e_phoff, segments);
	off_t end;

	if (!phdrs || !put(to, header, sizeof(*header)) || !put(to, phdrs, segments)) {
		free(phdrs);
		return false;
	}
	free(phdrs);
	for (int i = 0; i < header->e_shnum; i++) {
		Elf64_Shdr *section = &sections[i];
		bool is_used = i == header->e_shstrndx;

		for (int other = 0; other < header->e_shnum && !is_used; other++)
			is_used = is_wanted(&sections[other]) && (other == i || (int)sections[other].sh_link == i);
		if (is_used ? !copy(from, to, section) : section->sh_type != SHT_NOBITS)
			section->sh_size = 0; /* its name and its place stay */
	}
	end = lseek(to, 0, SEEK_END);
	if (end < 0 || !put(to, sections, header->e_shnum * sizeof(*sections)))
		return false;
	header->e_phoff = sizeof(*header);
	header->e_shoff = (uint64_t)end;
	return pwrite(to, header, sizeof(*header), 0) == sizeof(*header);
}

/*
 * Writes the symbols of a file to a new one of the run. @inode: of the file that was meant. 0 or -errno; ENOEXEC where
 * it is no ELF file of this machine.
 */
int elf_symbols(const char *path, unsigned long long inode, const char *name)
{
	int from = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), to, error = -ENOEXEC;
	Elf64_Shdr *sections = NULL;
	Elf64_Ehdr header;
	struct stat stat;

	if (from < 0)
		return -errno;
	if (fstat(from, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_ino == inode && get(from, &header, sizeof(header), 0) &&
	    memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
	    header.e_phentsize == sizeof(Elf64_Phdr) && header.e_shentsize == sizeof(Elf64_Shdr) &&
	    header.e_shnum <= MOST_SECTIONS)
		sections = bytes_of(from, header.e_shoff, header.e_shnum * sizeof(*sections));
	if (sections) {
		to = result_create(name);
		error = to < 0 ? to : write_all(from, to, &header, sections) ? 0 : -EIO;
		if (to >= 0)
			close(to);
	}
	free(sections);
	close(from);
	return error;
}
