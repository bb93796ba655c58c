/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Symbol tables of ELF files, by libelf. A file that lies gets one sentence, and leaves nothing behind. */
#include "core/symbols/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/symbols/internal.h"
#include "core/symbols/types.h"

/* A kernel with everything built in has about 300 thousand. */
#define SYMBOLS_MAX (8 << 20)
#define SECTIONS_MAX (1 << 20)
#define UNSIZED_REACH (64 << 10)

typedef VEC(struct symbol_entry) entry_vec;

void symbol_object_destroy(struct symbol_object *object)
{
	if (!object)
		return;
	/* That of .debug_frame belongs to the Dwarf. */
	if (object->eh_frame)
		dwarf_cfi_end(object->eh_frame);
	line_table_deinit(&object->lines);
	vec_free(&object->code);
	if (object->dwarf)
		dwarf_end(object->dwarf);
	if (object->elf)
		elf_end(object->elf);
	if (object->fd >= 0)
		close(object->fd);
	free(object->name);
	free(object);
}

static struct error *bad(const struct symbol_object *object, const char *what)
{
	return error_create(ERROR_FAILED, "%s: %s", object->name, what);
}

/* libelf shows a file whose section headers lie outside as one that has none; that must not pass. */
static struct error *check_header(const struct symbol_object *object)
{
	GElf_Ehdr header;
	size_t n = 0;

	if (elf_kind(object->elf) != ELF_K_ELF)
		return bad(object, "not an ELF file");
	if (!gelf_getehdr(object->elf, &header))
		return error_create(ERROR_FAILED, "%s: ELF header: %s", object->name, elf_errmsg(-1));
	if (header.e_type == ET_REL)
		return error_hint(error_create(ERROR_UNSUPPORTED,
					       "%s: a relocatable object has no addresses yet",
					       object->name),
				  "load the file it was linked into");
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return error_create(ERROR_FAILED, "%s: ELF type %u is neither a program nor a library",
				    object->name, header.e_type);
	if (header.e_shoff == 0)
		return NULL;
	if (header.e_shoff >= object->file_size)
		return bad(object, "section headers lie outside the file");
	if (elf_getshdrnum(object->elf, &n) || n == 0)
		return bad(object, "section headers cannot be read");
	if (n > SECTIONS_MAX)
		return error_create(ERROR_FAILED, "%s: %zu sections are too many", object->name, n);
	if (n > (object->file_size - header.e_shoff) / gelf_fsize(object->elf, ELF_T_SHDR, 1, EV_CURRENT))
		return bad(object, "section headers lie outside the file");
	return NULL;
}

/* Finds the symbol table (the full one, else the dynamic one) and the code sections. */
static struct error *find_sections(struct symbol_object *object, Elf_Scn **ret)
{
	Elf_Scn *scn = NULL, *dynamic = NULL, *full = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(object->elf, scn))) {
		if (!gelf_getshdr(scn, &header))
			return error_create(ERROR_FAILED, "%s: section %zu: %s", object->name,
					    elf_ndxscn(scn), elf_errmsg(-1));
		if (header.sh_type == SHT_SYMTAB && !full)
			full = scn;
		else if (header.sh_type == SHT_DYNSYM && !dynamic)
			dynamic = scn;
		if ((header.sh_flags & SHF_ALLOC) && (header.sh_flags & SHF_EXECINSTR) &&
		    header.sh_size && header.sh_addr + header.sh_size > header.sh_addr)
			vec_push(&object->code, (struct address_range){
				.lo = header.sh_addr, .hi = header.sh_addr + header.sh_size });
	}
	*ret = full ? full : dynamic;
	return NULL;
}

/* Whether a symbol is of use: not a section, a file, a thread-local offset or a mapping mark. */
static bool is_wanted(const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	if (sym->st_shndx == SHN_UNDEF || !name[0])
		return false;
	if (type == STT_SECTION || type == STT_FILE || type == STT_TLS)
		return false;
	return name[0] != '$' && strncmp(name, ".L", 2) != 0;
}

static uint64_t section_end(Elf *elf, unsigned index, uint64_t addr)
{
	Elf_Scn *scn = index < SHN_LORESERVE ? elf_getscn(elf, index) : NULL;
	GElf_Shdr header;

	if (!scn || !gelf_getshdr(scn, &header) || addr < header.sh_addr ||
	    addr - header.sh_addr >= header.sh_size)
		return UINT64_MAX;
	return addr + (header.sh_size - (addr - header.sh_addr));
}

/* 64-bit ELF V2 ABI for POWER, 2.3.2.1: bits 7..5 are the logarithm of the distance in bytes; 0 and 1
 * mean none, 7 is reserved. */
static uint8_t local_entry(unsigned char st_other)
{
	unsigned code = st_other >> 5;

	return code >= 2 && code <= 6 ? 1u << code : 0;
}

static void add_entry(struct symbol_object *object, const GElf_Sym *sym, const char *name,
		      entry_vec *entries)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	struct symbol_entry e = { .name = name, .object = object->name, .size = sym->st_size };
	uint64_t end, reach;

	e.type = type == STT_FUNC || type == STT_GNU_IFUNC ? SYMBOL_FUNC
		 : type == STT_OBJECT || type == STT_COMMON ? SYMBOL_OBJECT
							    : SYMBOL_OTHER;
	e.rank = symbol_rank(e.type, e.size > 0, GELF_ST_BIND(sym->st_info) != STB_LOCAL);
	/* .set and .equ make absolute symbols; linker scripts too, for addresses as well as sizes. */
	e.is_constant = sym->st_shndx == SHN_ABS && e.type == SYMBOL_OTHER;
	e.addr = sym->st_value;
	if (e.type == SYMBOL_FUNC && object->is_elfv2)
		e.local_entry = local_entry(sym->st_other);
	if (__builtin_add_overflow(e.addr, e.size ? e.size : UNSIZED_REACH, &end))
		end = UINT64_MAX;
	if (!e.size) {
		reach = section_end(object->elf, sym->st_shndx, e.addr);
		end = reach < end ? reach : end;
	}
	if (e.is_constant) {
		vec_push(entries, e);
		return;
	}
	e.addr += object->offset;
	e.end = end == UINT64_MAX ? end : end + object->offset;
	vec_push(entries, e);
}

static struct error *read_symbols(struct symbol_object *object, Elf_Scn *scn, entry_vec *entries)
{
	size_t want = gelf_fsize(object->elf, ELF_T_SYM, 1, EV_CURRENT);
	GElf_Shdr header, strings;
	Elf_Data *data;

	if (!gelf_getshdr(scn, &header))
		return bad(object, "symbol table has no section header");
	if (header.sh_entsize != want)
		return error_create(ERROR_FAILED, "%s: symbol table entry size %" PRIu64 ", not %zu",
				    object->name, (uint64_t)header.sh_entsize, want);
	if (header.sh_size % want)
		return bad(object, "symbol table size is no multiple of its entries");
	if (header.sh_size / want > SYMBOLS_MAX)
		return error_create(ERROR_FAILED, "%s: %" PRIu64 " symbols are too many (limit %d)",
				    object->name, (uint64_t)header.sh_size / want, SYMBOLS_MAX);
	if (!gelf_getshdr(elf_getscn(object->elf, header.sh_link), &strings) ||
	    strings.sh_type != SHT_STRTAB)
		return bad(object, "symbol table without a string table");
	data = elf_getdata(scn, NULL);
	if (!data || data->d_size != header.sh_size)
		return error_create(ERROR_FAILED, "%s: symbol table: %s", object->name,
				    data ? "truncated" : elf_errmsg(-1));
	/* The first one is reserved. */
	for (size_t i = 1; i < header.sh_size / want; i++) {
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(data, i, &sym))
			return error_create(ERROR_FAILED, "%s: symbol %zu: %s", object->name, i,
					    elf_errmsg(-1));
		name = elf_strptr(object->elf, header.sh_link, sym.st_name);
		if (!name)
			return error_create(ERROR_FAILED,
					    "%s: symbol %zu: its name lies outside the string table",
					    object->name, i);
		if (is_wanted(&sym, name))
			add_entry(object, &sym, name, entries);
	}
	return NULL;
}

/* Takes @object, whose elf is open: adds it with its symbols, or destroys it. */
static struct error *load(struct symbols *syms, struct symbol_object *object, size_t *ret_count)
{
	struct error *err = check_header(object);
	entry_vec entries = { 0 };
	Elf_Scn *table = NULL;
	GElf_Ehdr header;

	object->is_elfv2 = !err && gelf_getehdr(object->elf, &header) && header.e_machine == EM_PPC64 &&
			   (header.e_flags & 3) == 2;
	if (!err)
		err = find_sections(object, &table);
	if (!err && table)
		err = read_symbols(object, table, &entries);
	if (err) {
		vec_free(&entries);
		symbol_object_destroy(object);
		return err;
	}
	for (size_t i = 0; i < entries.len; i++)
		vec_push(&syms->entries, entries.data[i]);
	*ret_count = entries.len;
	vec_free(&entries);
	/* Files without debug info have no Dwarf; that is no error. */
	object->dwarf = dwarf_begin_elf(object->elf, DWARF_C_READ, NULL);
	vec_push(&syms->objects, object);
	syms->index->valid = false;
	type_index_destroy(*syms->types);
	*syms->types = NULL;
	return NULL;
}

static struct symbol_object *object_create(const char *name, int64_t offset)
{
	struct symbol_object *object = xcalloc(1, sizeof(*object));

	object->name = xstrdup(name);
	object->offset = offset;
	object->fd = -1;
	return object;
}

struct error *symbols_load_elf(struct symbols *syms, const char *path, int64_t offset, size_t *ret_count)
{
	/* Not blocking: the name may be a FIFO. */
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct symbol_object *object;
	struct error *err;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(errno, "cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return error_create(ERROR_FAILED, "%s: not a regular file", path);
	elf_version(EV_CURRENT);
	object = object_create(path, offset);
	object->file_size = st.st_size;
	object->fd = take_fd(fd);
	/* Not mapped: a file cut short while mapped would kill the program. */
	object->elf = elf_begin(object->fd, ELF_C_READ, NULL);
	if (!object->elf) {
		err = error_create(ERROR_FAILED, "%s: %s", path, elf_errmsg(-1));
		symbol_object_destroy(object);
		return err;
	}
	return load(syms, object, ret_count);
}

struct error *symbols_load_elf_mem(struct symbols *syms, const char *name, const void *data, size_t len,
				   int64_t offset, size_t *ret_count)
{
	struct symbol_object *object = object_create(name, offset);
	struct error *err;

	elf_version(EV_CURRENT);
	object->file_size = len;
	/* elf_memory() wants a writable pointer but only writes after elf_update(). */
	object->elf = elf_memory((char *)(uintptr_t)data, len);
	if (!object->elf) {
		err = error_create(ERROR_FAILED, "%s: %s", name, elf_errmsg(-1));
		symbol_object_destroy(object);
		return err;
	}
	return load(syms, object, ret_count);
}
