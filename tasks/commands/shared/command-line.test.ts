import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandLine, optionWords } from './command-line.ts'

test('the options of a declaration as words, in its order', () => {
  const rows = [
    ['-a, --all', ''],
    ['-p, --param <name=value>', ''],
    ['--dry-run', ''],
    ['-r, --repeat <n>', ''],
  ] as const
  const values = { repeat: 4, param: ['a=1', 'b=x y'], dryRun: true, all: false }
  const words = optionWords(rows, values)
  expect(words).toEqual(['--param', 'a=1', '--param', 'b=x y', '--dry-run', '--repeat', '4'])
  expect(commandLine(['run', ...words])).toBe(`lab run --param a=1 --param 'b=x y' --dry-run --repeat 4`)
})

test('a shell reads each word as it is', () => {
  const words = [`it's`, '$HOME', 'a b', '`x`', '~', '*', '', '\\', 'kernel=v5.10,bytes=16']
  expect(
    execFileSync('sh', ['-c', `lab() { printf '%s\\n' "$@"; }; ${commandLine(words)}`], { encoding: 'utf8' })
      .split('\n')
      .slice(0, -1),
  ).toEqual(words)
})
