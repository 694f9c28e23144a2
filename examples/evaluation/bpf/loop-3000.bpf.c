#define LOOPS 3000
#include "loop.h"
