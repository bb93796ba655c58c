/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the vCPUs do all day: the same call chain as the PC's demo guest, main -> work_round ->
 * checksum_block -> mix -> rotate_left. */
#include "guest/demo/ppc64/demo.h"

#define BLOCKS 4
#define BLOCK_WORDS 8
#define NOINLINE __attribute__((noinline))

struct block {
	uint64_t word[BLOCK_WORDS];
};

static struct block blocks[CPUS_MAX][BLOCKS];

uint64_t rotate_left(uint64_t v, unsigned n);
uint64_t mix(uint64_t sum, uint64_t word);
uint64_t checksum_block(const struct block *block, uint64_t sum);

NOINLINE uint64_t rotate_left(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

NOINLINE uint64_t mix(uint64_t sum, uint64_t word)
{
	sum ^= word * 0x9e3779b97f4a7c15ULL;
	return rotate_left(sum, 27) + 0x52dce729;
}

NOINLINE uint64_t checksum_block(const struct block *block, uint64_t sum)
{
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		sum = mix(sum, block->word[i]);
	return sum;
}

/* Changes one word, then sums up this vCPU's blocks. */
NOINLINE uint64_t work_round(struct cpu *cpu)
{
	struct block *mine = blocks[cpu->id];
	uint64_t sum = cpu->id;

	mine[cpu->rounds % BLOCKS].word[cpu->rounds / BLOCKS % BLOCK_WORDS] += cpu->rounds + 1;
	for (unsigned i = 0; i < BLOCKS; i++)
		sum = checksum_block(&mine[i], sum);
	cpu->rounds++;
	cpu->sum = sum;
	return sum;
}
