import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { run } from './sh.ts'
import { daemonTrouble, newSocket, withDaemons } from './virtiofsd.ts'

test('a daemon that ends before it serves: which directory it was for, and its own words', async ({ signal }) => {
  const dir = tempDir()
  const program = join(dir, 'broken')
  writeFileSync(program, '#!/bin/sh\necho "no such library" >&2\nexit 127\n', { mode: 0o755 })
  const served = { socket: newSocket(), at: 'at', from: '/etc', write: false }
  const argv = withDaemons(program, [served], ['true'])
  const { status, stderr } = await run(argv, { cwd: dir, signal, accept: [0, 1] })
  expect(status).toBe(1)
  expect(stderr).toContain('virtiofsd did not start')
  const trouble = await daemonTrouble(dir)
  expect(trouble).toMatchObject({ from: '/etc' })
  // Of the daemon, or of what confines it: where this user may make no namespaces, it does not come that far.
  expect(trouble?.said.length).toBeGreaterThan(0)
})

test('a machine that waits for no daemon has no trouble with one', async ({ signal }) => {
  const dir = tempDir()
  await run(withDaemons('/bin/false', [], ['true']), { cwd: dir, signal })
  expect(await daemonTrouble(dir)).toBeUndefined()
})
