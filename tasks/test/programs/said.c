/* A second source of opens.c. */
#include "said.h"
#include <stdio.h>

void said(int count, const char *dir, const char *who)
{
	printf("%d opened in %s by %s\n", count, dir, who);
}
