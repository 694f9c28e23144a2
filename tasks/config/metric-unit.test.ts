import { expect, test } from 'vitest'
import { shownUnit } from './metric-unit.ts'

test.each([
  ['what is declared', 'read_ns', { stdout: '(x)', unit: 'ms' }, 'ms'],
  ['what the name says', 'read_ns', { stdout: '(x)' }, 'ns'],
  ['a load', 'load', { load: 'jit-bytes' } as const, 'B'],
  ['neither', 'reads', { message: '(x)' }, undefined],
])('the unit of a metric: %s', (_, name, metric, unit) => expect(shownUnit(name, metric)).toBe(unit))
