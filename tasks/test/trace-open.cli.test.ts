/** `lab trace --open` with programs that stand for KernelShark and for a browser. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LOG } from '../linux/ftrace/trace-log.fixture.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

const bin = join(lab.dir, 'bin')
const noted = join(lab.dir, 'noted')
/** In front of the real programs. */
const env = { DISPLAY: ':99', PATH: `${bin}:${process.env['PATH'] ?? ''}` }

beforeAll(async () => {
  mkdirSync(bin)
  lab.write('notes.txt', Object.values(LOG).flat().join('\n'))
  expect((await lab.lab(['import', 'notes.txt', '--name', 'notes'])).status).toBe(0)
})

const program = (name: string, script: string) => writeFileSync(join(bin, name), script, { mode: 0o755 })

test('without a screen it says what to do instead', async () => {
  const { status, stderr } = await lab.lab(['trace', 'last', '--open'], { DISPLAY: '', WAYLAND_DISPLAY: '' })
  expect([status, stderr]).toEqual([2, expect.stringContaining('--perfetto FILE')])
})

test('a browser fetches the timeline from this host, and then it ends', async () => {
  // As the page does it: the address is in the part of the URL that is for the page alone.
  program(
    'xdg-open',
    `#!/bin/sh
url=$(printf '%s' "$1" | sed 's/.*#!\\/?url=//')
node -e "fetch('$url').then(async (r) => require('fs').writeFileSync('${noted}', Buffer.from(await r.arrayBuffer())))" &
`,
  )
  const { status, stderr } = await lab.lab(['trace', 'last', '--open'], env)
  expect(status, stderr).toBe(0)
  expect(stderr).toContain('https://ui.perfetto.dev/#!/?url=http://127.0.0.1:9001/')
  expect((await lab.lab(['trace', 'last', '--perfetto', 'file.pftrace'])).status).toBe(0)
  // The browser outlives lab, which ends when the last byte is sent.
  const whole = readFileSync(join(lab.dir, 'file.pftrace'))
  await expect.poll(() => existsSync(noted) && readFileSync(noted).equals(whole)).toBe(true)
})

test('a browser that does not start is no wait without an end', async () => {
  program('xdg-open', '#!/bin/sh\necho no browser >&2; exit 3\n')
  const { status, stderr } = await lab.lab(['trace', 'last', '--open'], env)
  expect([status, stderr]).toEqual([69, expect.stringContaining('no browser')])
})

test('KernelShark gets the raw recording of a run that has one', async () => {
  program('kernelshark', `#!/bin/sh\necho "$*" > ${noted}.shark\n`)
  const [{ dir }] = (await lab.answer(['results'])) as [{ dir: string }]
  writeFileSync(join(dir, 'trace.dat'), 'x')
  expect((await lab.lab(['trace', 'last', '--open'], env)).status).toBe(0)
  expect(existsSync(`${noted}.shark`)).toBe(true)
  expect(readFileSync(`${noted}.shark`, 'utf8')).toBe(`-i ${join(dir, 'trace.dat')}\n`)
})
