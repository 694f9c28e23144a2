#define LOOPS 48000
#include "loop.h"
