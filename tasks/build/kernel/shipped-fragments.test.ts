/** What the shipped fragments must ask for, so that a kernel says enough when something goes wrong in it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { parseFragment } from '../../linux/kbuild/kconfig.ts'

const optionsOf = (name: string, minor: number) => {
  const text = readFileSync(join(TOOL_ROOT, 'kernel/config', `${name}.config`), 'utf8')
  const { requests } = parseFragment(text, name, { major: 5, minor, patch: 0 })
  return Object.fromEntries(requests.map(({ symbol, value }) => [symbol, value]))
}

test.each([4, 10])('lab:base on 5.%s: a panic shows its stack, a hang is reported, and places have lines', (minor) => {
  expect(optionsOf('base', minor)).toMatchObject({
    DEBUG_BUGVERBOSE: 'y',
    SOFTLOCKUP_DETECTOR: 'y',
    DETECT_HUNG_TASK: 'y',
    KALLSYMS: 'y',
  })
})

test('lab:debug: the memory, the locks and the lists of a kernel are watched', () => {
  expect(optionsOf('debug', 10)).toMatchObject({
    KASAN: 'y',
    PROVE_LOCKING: 'y',
    PROVE_RCU: 'y',
    DEBUG_ATOMIC_SLEEP: 'y',
    DEBUG_LIST: 'y',
  })
})
