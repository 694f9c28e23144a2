import { expect, test } from 'vitest'
import { uniqueNames } from './query.ts'

test.each([
  [
    ['run', 'run', 'run'],
    ['run', 'run_2', 'run_3'],
  ],
  [
    ['run', 'run_2', 'run'],
    ['run', 'run_2', 'run_3'],
  ],
  [
    ['run', 'run', 'run_2'],
    ['run', 'run_3', 'run_2'],
  ],
  [[], []],
])('columns %j are the keys %j', (names, keys) => expect(uniqueNames(names)).toEqual(keys))
