/**
 * Reports as kernels print them, one for each kind and form: the format is that of the kernel's own printk calls (the
 * files are named in rules.ts), the functions and numbers are made up.
 */
import { CHECKERS } from './checkers.fixture.ts'
import { FAULTS } from './faults.fixture.ts'
import type { Golden } from './golden.fixture.ts'
import { LOCKING } from './locking.fixture.ts'

export const GOLDEN: readonly Golden[] = [...FAULTS, ...CHECKERS, ...LOCKING]
