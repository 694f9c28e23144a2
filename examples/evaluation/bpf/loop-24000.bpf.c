#define LOOPS 24000
#include "loop.h"
