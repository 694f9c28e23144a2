// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/module.h>
#include "counter.h"

static long step = 1;
module_param(step, long, 0444);

static long total;

noinline long counter_add(long by)
{
	total += by;
	return total;
}

/* Each write to /sys/module/counter/parameters/count is one call. */
static int count(const char *text, const struct kernel_param *param)
{
	counter_add(step);
	return 0;
}

static int show(char *text, const struct kernel_param *param)
{
	return scnprintf(text, PAGE_SIZE, "%ld\n", total);
}

static const struct kernel_param_ops ops = { .set = count, .get = show };
module_param_cb(count, &ops, NULL, 0644);

static int __init counter_init(void)
{
	pr_info("counter: loaded, step %ld\n", step);
	return 0;
}

static void __exit counter_exit(void)
{
	pr_info("counter: %ld in the end\n", total);
}

module_init(counter_init);
module_exit(counter_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Counts what is written to one of its parameters");
