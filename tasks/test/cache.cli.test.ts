/** `lab cache`: kernels and images between caches, through a directory and through a real sshd. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { MOUNTS, NAMESPACE } from './namespace.ts'
import { SSH_HOST, sshHost, type SshHost } from './ssh-host.ts'
import { tempDir } from './temp-dir.ts'
import { rig, cache, debian, FILES, plant, entryIn, pushed, pull, stored, large } from './cache-kit.ts'

interface Place {
  readonly address: string
  /** The same directory, as this host sees it. */
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
}

async function ssh(small?: string): Promise<SshHost> {
  const host = await sshHost(small)
  onTestFinished(() => host.close())
  return host
}

describe.each([
  ['a directory', {}, async (dir: string): Promise<Place> => ({ address: dir, dir, env: {} })],
  [
    'a directory of another host',
    SSH_HOST,
    async (dir: string): Promise<Place> => {
      const { address, config } = await ssh()
      return { address: `${address}${dir}`, dir, env: { LAB_SSH_CONFIG: config } }
    },
  ],
])('through %s', (_, options, placeIn) => {
  test('a kernel arrives whole; what is there already is not sent again', options, async () => {
    const { address, dir, env } = await placeIn(join(tempDir(), 'new/shared'))
    const own = { ...env, LAB_CACHE_DIR: cache }
    const push = await rig.lab(['cache', 'push', address], own)
    expect(push.status, push.stderr).toBe(0)
    expect(push.stdout).toMatch(/^pushed +kernel debian /m)
    expect(push.stdout).toMatch(/^not built here +kernel built /m)
    expect((await rig.lab(['cache', 'push', address], own)).stdout).toMatch(/^already there +kernel debian /m)
    expect((await rig.lab(['cache', 'list', address], own)).stdout).toMatch(/^kernel +[0-9a-f]{12} .* debian/m)
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([])

    const { status, stdout, stderr, into } = await pull(address, env)
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/^pulled +kernel debian /m)
    expect(stdout).toContain('no lab.lock says')
    const entry = join(into, 'store/kernel', debian.fingerprint.slice(0, 32))
    for (const [name, bytes] of Object.entries(FILES)) expect(readFileSync(join(entry, name))).toEqual(bytes)
    expect(statSync(join(entry, 'vmlinux')).mode & 0o777).toBe(0o755)
    expect(statSync(join(entry, 'vmlinux')).blocks).toBeLessThan(40)
    expect(existsSync(join(entry, '.bytes'))).toBe(false)
    const again = await rig.lab(['cache', 'pull', address], { ...env, LAB_CACHE_DIR: into })
    expect(again.stdout).toMatch(/^already here +kernel debian /m)
    expect(again.stdout).toMatch(/^not there +kernel built .*\n +there is no kernel of the same source$/m)
  })

  test('two who push the same kernel at once both succeed, and one entry stays', options, async () => {
    const { address, dir, env } = await placeIn(join(tempDir(), 'shared'))
    const both = [0, 1].map(() => rig.lab(['cache', 'push', address, 'debian'], { ...env, LAB_CACHE_DIR: cache }))
    for (const { status, stderr } of await Promise.all(both)) expect(status, stderr).toBe(0)
    expect(readdirSync(dir).toSorted()).toEqual(
      ['entry', 'json'].map((end) => `kernel-${debian.fingerprint.slice(0, 32)}.${end}`),
    )
    expect((await pull(address, env)).status).toBe(0)
  })

  test('an entry that was damaged on the way there is not taken', options, async () => {
    const { address, dir, env } = await placeIn(await pushed())
    truncateSync(entryIn(dir), statSync(entryIn(dir)).size - 20)
    const { status, stderr, into } = await pull(address, env)
    expect(status, stderr).toBe(69)
    expect(stderr).toContain('this entry is damaged, or lab did not write it')
    expect(stored(into)).toEqual([])
  })
})

const FULL = [
  'mkdir -p "$1" && mount -t tmpfs -o size=1m small "$1" && shift && "$@"; status=$?',
  'ls -A "$SMALL" >&2; exit $status',
].join('; ')

test('a full directory is named, and nothing is left in it', MOUNTS, async () => {
  const own = await large()
  const small = join(tempDir(), 'small')
  const [program = '', ...words] = NAMESPACE
  const { status, stderr } = spawnSync(
    program,
    [...words, 'sh', '-c', FULL, 'sh', small, join(TOOL_ROOT, 'lab'), 'cache', 'push', small, 'debian'],
    { cwd: rig.dir, env: { ...process.env, LAB_CACHE_DIR: own, SMALL: small }, encoding: 'utf8' },
  )
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).toContain(small)
  expect(stderr).not.toMatch(/partial|\.entry/)
})

describe('another host', SSH_HOST, () => {
  test('whose disk is full is named with its room, and nothing is left there', MOUNTS, async () => {
    const own = await large()
    const small = tempDir()
    const { address, config, inside } = await ssh(small)
    const { status, stderr } = await rig.lab(['cache', 'push', `${address}${small}`, 'debian'], {
      LAB_CACHE_DIR: own,
      LAB_SSH_CONFIG: config,
    })
    expect(status, stderr).toBe(69)
    expect(stderr).toContain('the other side did not take the file')
    expect(stderr).toMatch(/100%/)
    expect(readdirSync(inside(small))).toEqual([])
  })

  test.each([
    ['whose key is not known', { UserKnownHostsFile: '/dev/null' }, /the key of 127\.0\.0\.1 is not known here/],
    ['that takes none of our keys', { IdentityFile: '/dev/null' }, /127\.0\.0\.1 takes none of your keys/],
  ])('%s is refused with the way out', async (_, changes, words) => {
    const { address, configure } = await ssh()
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}/srv`], {
      LAB_SSH_CONFIG: configure(changes),
    })
    expect(stderr).toMatch(words)
    expect(status).toBe(69)
  })

  test('whose key has changed is refused', async () => {
    const { address, config, configure } = await ssh()
    const known = /UserKnownHostsFile (.*)/.exec(readFileSync(config, 'utf8'))?.[1] ?? ''
    const [name] = readFileSync(known, 'utf8').split(' ')
    const other = /UserKnownHostsFile (.*)/.exec(readFileSync((await ssh()).config, 'utf8'))?.[1] ?? ''
    const file = join(tempDir(), 'known')
    writeFileSync(file, readFileSync(other, 'utf8').replace(/^\S+/, name ?? ''))
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}/srv`], {
      LAB_SSH_CONFIG: configure({ UserKnownHostsFile: file }),
    })
    expect(stderr).toContain('127.0.0.1 has another key than the one that is known here')
    expect(status).toBe(69)
  })

  test('that does not answer is named', async () => {
    const { address, config, close } = await ssh()
    close()
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}/srv`], { LAB_SSH_CONFIG: config })
    expect(stderr).toContain('127.0.0.1 cannot be reached')
    expect(status).toBe(69)
  })

  test('without the directory is a mistake of the user', async () => {
    const { address, config } = await ssh()
    const { status, stderr } = await rig.lab(['cache', 'list', `${address}${tempDir()}/none`], {
      LAB_SSH_CONFIG: config,
    })
    expect(stderr).toContain('there is no such directory')
    expect(status).toBe(2)
  })
})

/** A kernel that takes hours to pack. */
async function endless(): Promise<string> {
  const own = join(tempDir(), 'cache')
  const dir = await plant(own, debian)
  truncateSync(join(dir, 'bzImage'), 2 ** 40)
  const notes = join(dir, 'contents.json')
  const contents = JSON.parse(readFileSync(notes, 'utf8')) as Record<string, object>
  const { size, mtimeMs } = statSync(join(dir, 'bzImage'))
  writeFileSync(notes, JSON.stringify({ ...contents, bzImage: { ...contents['bzImage'], size, mtimeMs } }))
  return own
}

const partials = (dir: string): string[] =>
  existsSync(dir) ? readdirSync(dir).filter((name) => name.startsWith('.partial-')) : []

test.each([
  ['SIGTERM', 130, 0],
  ['SIGKILL', 128, 1],
] as const)('a push that is ended with %s leaves no entry behind', async (signal, code, left) => {
  const own = await endless()
  const dir = join(tempDir(), 'shared')
  const { child, ended } = rig.start(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: own })
  await expect.poll(() => partials(dir)).toHaveLength(1)
  child.kill(signal)
  expect((await ended).status).toBe(code)
  expect(readdirSync(dir)).toEqual(partials(dir))
  expect(partials(dir)).toHaveLength(left)
  // Half a file is no entry for whoever looks, and goes when it has been there for a day.
  expect((await rig.lab(['cache', 'list', dir])).stdout).toContain('0 entries')
  for (const name of partials(dir)) renameSync(join(dir, name), join(dir, name.replace(/\d{10}/, '1600000000')))
  expect((await rig.lab(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: cache })).status).toBe(0)
  expect(partials(dir)).toEqual([])
})

test.each([
  [['sent', '/srv'], '"sent" is not an action'],
  [['push', '/srv', 'v5.11'], 'there is no kernel or image "v5.11" in the lab'],
  [['list', 'ssh://host'], 'this is not the address of a directory'],
  [['list', 'ssh://-oProxyCommand=x/srv'], 'this is not the address of a directory'],
  [['list', 'ssh://host/a b'], 'this is not the address of a directory'],
  [['list', 'http://host/srv'], 'this is not the address of a directory'],
  [['list', '/nonexistent/x'], 'there is no such directory'],
  [['list', '/etc/passwd'], 'it is not a directory'],
  [['push', '/proc/x', 'debian'], '/proc/x: its directory does not exist'],
])('lab cache %j is refused', async (args, words) => {
  const { status, stderr } = await rig.lab(['cache', ...args], { LAB_CACHE_DIR: cache })
  expect(stderr).toContain(words)
  expect(status).toBe(2)
})
