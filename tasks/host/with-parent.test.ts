import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { inNamespaces, PARENT_CHECK, withParent } from './with-parent.ts'
import { needs } from '../test/needs.ts'

const ran = ([program = '', ...words]: readonly string[]) => {
  const { status, stdout } = spawnSync(program, words, { encoding: 'utf8' })
  return { status, stdout }
}
const REFUSED = { status: 125, stdout: '' }

test('a program runs below its parent, with its own status', () => {
  expect(ran(withParent('TERM', ['sh', '-c', 'echo "$1"; exit 3', 'sh', 'a b']))).toEqual({
    status: 3,
    stdout: 'a b\n',
  })
})

test('a program that is not there has the status 127', () => {
  expect(ran(withParent('TERM', ['no-such-program'])).status).toBe(127)
})

test('a program whose parent has died meanwhile does not begin', () => {
  expect(ran(['sh', '-c', PARENT_CHECK, 'sh', '1', 'echo', 'begun'])).toEqual(REFUSED)
})

const words = inNamespaces({ options: ['--user', '--map-root-user'] })
const refused = ran([...words, 'true']).status !== 0

test(
  'namespaces: the program is the first process in them',
  needs(!refused, 'no namespaces can be made here (a container)'),
  () => {
    expect(ran([...words, 'sh', '-c', 'echo $$ "$1"', 'sh', 'a b'])).toEqual({ status: 0, stdout: '1 a b\n' })
  },
)

test('namespaces with a /proc of their own', needs(!refused, 'no namespaces can be made here (a container)'), () => {
  const own = inNamespaces({ options: ['--user', '--map-root-user', '--mount'], mountProc: true })
  expect(ran([...own, 'sh', '-c', 'ls -d /proc/1 /proc/[3-9]* 2>/dev/null'])).toMatchObject({ stdout: '/proc/1\n' })
})

test('namespaces: a program whose parent has died meanwhile does not begin', () => {
  const [, , , inside] = words
  expect(ran(['sh', '-c', inside, 'sh', '1', 'echo', 'begun'])).toEqual(REFUSED)
  expect(ran(['sh', '-c', inside, 'sh', String(process.pid), 'echo', 'begun'])).toEqual({
    status: 0,
    stdout: 'begun\n',
  })
})
