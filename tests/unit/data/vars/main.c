/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fixture of vars_test, which runs it up to stop() and looks at the callers' variables. */
typedef unsigned char byte;
typedef struct node {
	struct node *next;
	int value;
	byte tag[4];
} node_t;
enum color { RED, GREEN = 5, BLUE };
union either {
	int number;
	char text[4];
};

void stop(void);
void _start(void);
int global = 42;

__attribute__((noinline)) void stop(void)
{
	__asm__ volatile("" ::: "memory");
}

static int integers(signed char tiny, unsigned short small, int number, unsigned long big, char letter)
{
	static int kept = 9;
	const long negative = -5;
	volatile byte bits = 200;
	_Bool yes = 1;
	int i = 1;

	kept += i;
	{
		int i = 77, inner = 3;

		stop();
		inner += i;
	}
	return tiny + small + number + (int)big + letter + negative + bits + yes;
}

static int aggregates(const char *name, node_t *list, void (*fn)(void))
{
	int table[20] = { 1, 2, 3 };
	char word[8] = "words";
	node_t local = { list, -7, { 1, 2, 3, 4 } };
	enum color color = GREEN, odd = (enum color)3;
	union either either = { .number = 0x6968 };
	double real = 2.5;
	float half = -0.5f;
	int *at = &table[1];
	int **at_at = &at;
	void *nowhere = 0;
	const node_t *const fixed = list;

	stop();
	return name[0] + local.value + color + odd + either.number + (int)real + (int)half + **at_at +
	       (nowhere == fn) + fixed->value + word[0];
}

__attribute__((noinline, optimize("O2"))) static int optimized(int argument, int unused)
{
	int sum = argument + 1;
	int constant = 1234;

	stop();
	return sum + constant;
}

/* No caller aligned the stack for it. */
#ifdef __x86_64__
__attribute__((force_align_arg_pointer))
#endif
void _start(void)
{
	node_t node = { 0, 11, "abc" };

	global = integers(-3, 65000, -100000, 1UL << 40, 'x');
	global += aggregates("hello\n", &node, stop);
	global += optimized(global, 1);
	__builtin_trap();
}

/* Types by name, and variables with a place of their own. */
struct flags {
	unsigned int low : 3;
	signed int middle : 7;
	unsigned int high : 22;
	union {
		unsigned char bytes[4];
		struct {
			unsigned short first, second;
		};
	};
	enum color color;
	struct elsewhere *unknown;
	int grid[2][3];
	double real;
};
struct flags flags = { 5, -3, 1000, .first = 0x4241, .second = 0x4443, .color = BLUE, .grid = { { 0, 1 } },
		       .real = 1.5 };
struct node nodes[3] = { { &nodes[1], 10, "a" }, { &nodes[2], 20, "b" }, { 0, 30, "c" } };
struct node *head = nodes;
unsigned short narrow = 0xfffe;
int matrix[2][2] = { { 1, 2 }, { 3, 4 } };
