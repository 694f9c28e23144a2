#define LOOPS 12000
#include "loop.h"
