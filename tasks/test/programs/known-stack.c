// Its stack at getppid() is known: main, outer, inlined_here in outer, between of a library (or of this file), leaf.
#define EXPORTED __attribute__((noinline, noclone, visibility("default")))

int between(int (*call)(void));

#ifdef LIBRARY
EXPORTED int between(int (*call)(void))
{
	return call() + 1;
}
#else
#ifdef ALONE
EXPORTED int between(int (*call)(void))
{
	return call() + 1;
}
#endif

// Without the C library, which has no frame pointers; and with one of its own.
static __attribute__((noinline, noclone)) int leaf(void)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(110L /* getppid */), "r"(__builtin_frame_address(0)) : "rcx", "r11", "memory");
	return (int)result;
}

static inline __attribute__((always_inline)) int inlined_here(void)
{
	return between(leaf) + 1;
}

EXPORTED int outer(void)
{
	return inlined_here() + 1;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 5; i++)
		sum += outer();
	return sum == 0;
}
#endif
