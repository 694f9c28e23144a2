#define LOOPS 6000
#include "loop.h"
