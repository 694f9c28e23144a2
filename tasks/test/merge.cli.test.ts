/** `lab merge`, with real results of 0.1.0. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Rig } from './rig.ts'

const STORED = join(import.meta.dirname, 'stored/0.1.0')

function rig(): Rig {
  const made = new Rig(false)
  onTestFinished(() => made.remove())
  made.write('lab.yaml', 'lab: merged\n')
  return made
}

test('results of another checkout are taken once, and one that was changed is refused', async () => {
  const [other, ours] = [rig(), rig()]
  cpSync(join(STORED, 'results'), join(other.dir, 'results'), { recursive: true })
  // A run of a VM, with what it was made of.
  execFileSync('tar', ['-xzf', join(STORED, 'hello.pack'), '-C', other.dir, 'results'])
  const runs = readdirSync(join(other.dir, 'results'))
    .filter((name) => !name.startsWith('.'))
    .flatMap((experiment) => readdirSync(join(other.dir, 'results', experiment)).map((run) => `${experiment}/${run}`))
  const changed = runs.find((run) => run.startsWith('notes/')) ?? ''
  const sound = runs.filter((run) => run !== changed)
  expect(sound.length).toBeGreaterThan(0)
  const bad = join(other.dir, 'results', changed)
  const file = readdirSync(bad).find((name) => name !== 'manifest.json') ?? ''
  appendFileSync(join(bad, file), 'x')

  // Of no digest, so that nobody misses it: it must not lead out of the other checkout into this host.
  const [inputs = ''] = readdirSync(join(other.dir, 'results/.inputs')).filter((name) => name.startsWith('lab-'))
  symlinkSync('/etc/passwd', join(other.dir, 'results/.inputs', inputs, 'link'))

  const first = await ours.lab(['merge', other.dir])
  expect(first.stdout).toContain(`NOT OK  ${changed}: ${file}: is not what was recorded`)
  expect([first.status, first.stdout.trim().split('\n').at(-1)]).toEqual([
    1,
    `${sound.length} merged, 0 already here, 1 refused`,
  ])
  expect(existsSync(join(ours.dir, 'results', changed))).toBe(false)
  expect(readdirSync(join(ours.dir, 'results/.inputs', inputs))).not.toContain('link')
  for (const run of sound) expect((await ours.lab(['verify', run])).stdout).toContain('1 result, all as recorded')

  const again = await ours.lab(['merge', join(other.dir, 'results')])
  expect(again.stdout).toContain(`0 merged, ${sound.length} already here, 1 refused`)
  appendFileSync(join(ours.dir, 'results', sound[0] ?? '', 'manifest.json'), ' ')
  expect((await ours.lab(['merge', other.dir])).stdout).toContain('a run of that name is here, and is another one')
})

test.each([
  ['/nonexistent', 'there is no such directory'],
  ['.', 'these are our own results'],
])('lab merge %s is wrong input', async (dir, fact) => {
  const ours = rig()
  cpSync(join(STORED, 'results'), join(ours.dir, 'results'), { recursive: true })
  const { status, stderr } = await ours.lab(['merge', dir])
  expect([status, stderr]).toEqual([2, expect.stringContaining(fact)])
})
