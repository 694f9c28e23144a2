/**
 * The whole program without VMs: exit codes, errors for people, --json, and a host where tools are missing (fake
 * apt-get).
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { processTag } from '../engine/process.ts'
import { which } from '../host/which.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { mayMount, MOUNTS, NAMESPACE } from './namespace.ts'
import { jsonLines, Rig } from './rig.ts'

const rigs: Rig[] = []
const rig = (shipped = true): Rig => {
  const one = new Rig(shipped)
  rigs.push(one)
  return one
}
// Caches of a few thousand files are among them.
afterAll(() => rigs.forEach((one) => one.remove()), 60_000)

/** A PATH with these programs of the host and nothing else; fakes are shell scripts. */
function pathOf(dir: Rig, programs: readonly string[], fakes: Readonly<Record<string, string>> = {}): string {
  const bin = join(dir.dir, 'bin')
  mkdirSync(bin)
  for (const name of programs) symlinkSync(which(name) ?? `/bin/${name}`, join(bin, name))
  for (const [name, script] of Object.entries(fakes)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}
const BASE = [
  'sh',
  'bash',
  'env',
  'dirname',
  'readlink',
  'find',
  'head',
  'mkdir',
  'rm',
  'mv',
  'ln',
  'touch',
  'setpriv',
  'cat',
  'node',
  'npm',
]

describe('lab', () => {
  test('--help teaches by example and is an answer', async () => {
    const { status, stdout, stderr } = await rig().lab(['--help'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('lab run readiter')
  })

  test('a wrong size for the cache is wrong input', async () => {
    const { status, stderr } = await rig().lab(['gc'], { LAB_CACHE_LIMIT: 'much' })
    expect([status, stderr.includes('"much" is not a size'), /\n\s+at /.test(stderr)]).toEqual([2, true, false])
  })

  test('a cache where no directory can be made is wrong input, and no reason to wait for ever', async () => {
    const { status, stderr } = await rig().lab(['check'], { LAB_CACHE_DIR: '/proc/lab-test/cache' })
    expect([status, /\n\s+at /.test(stderr)]).toEqual([2, false])
    expect(stderr).toContain('LAB_CACHE_DIR: /proc/lab-test/cache cannot be made: ENOENT')
    expect(stderr).toContain('set LAB_CACHE_DIR to a directory on a disk')
  })

  test('gc in a container leaves what is written outside of it, and says so', async ({ task, skip }) => {
    const one = rig()
    // A temporary directory of its own: what others have left in the shared one is not what this is about.
    const env = { LAB_CACHE_DIR: join(one.dir, 'cache'), TMPDIR: join(one.dir, 'tmp') }
    mkdirSync(env.TMPDIR)
    const contained = process.getuid?.() === 0 ? ['unshare', '-pfm'] : ['unshare', '-rpfm']
    const argv = [...contained, '--mount-proc', join(TOOL_ROOT, 'lab'), 'gc', '--json']
    if (spawnSync(contained[0] ?? '', [...contained.slice(1), '--mount-proc', 'true']).status !== 0) {
      Object.assign(task.meta, { reason: 'this user may make no namespaces' })
      skip()
    }
    const kind = join(env.LAB_CACHE_DIR, 'store/kernel')
    const [ours, old] = [`.partial-${processTag()}-ab`, '.partial-1n1-cd']
    for (const name of [ours, old]) mkdirSync(join(kind, name), { recursive: true })
    utimesSync(join(kind, old), 1000, 1000)
    const { stdout } = spawnSync(argv[0] ?? '', argv.slice(1), {
      cwd: one.dir,
      env: { ...process.env, ...env, CI: 'true' },
      encoding: 'utf8',
    })
    const { data } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { data: unknown }
    expect(data).toMatchObject({ removed: [join(kind, old)], elsewhere: [join(kind, ours)] })
    expect(readdirSync(kind)).toEqual([ours])
    // Here it is known to be ours, and alive.
    expect(await one.answer(['gc'], env)).toMatchObject({ removed: [], elsewhere: [] })
  })

  test('another entry is for one start: what it starts is lab again', async () => {
    const dir = rig(false)
    dir.write('entry.mjs', 'console.log(String(process.env.LAB_ENTRY))')
    const { stdout } = await dir.lab([], { LAB_ENTRY: join(dir.dir, 'entry.mjs') })
    expect(stdout.trim()).toBe('undefined')
  })

  test.each([
    [['nonsense']],
    [['run']],
    [['run', 'readiter', '--all']],
    [['run', 'readiter', '--no-such-option']],
    [['run', 'readitre']],
    [['run', 'readiter', '--repeat', 'x']],
    [['run', 'readiter', '--param', 'bites=3']],
    [['run', 'readiter', '--start', 'hot']],
    [['run', 'readiter', '--start', 'warm', '--cold']],
    [['run', 'readiter', '--start', 'warm', '--deterministic']],
    [['up', '--accel', 'fast']],
    [['exec']],
    [['cp', 'a', 'b']],
  ])('%j is wrong input: exit 2, one message, no stack', async (args) => {
    const { status, stdout, stderr } = await rig().lab(args)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stderr.trim()).not.toBe('')
  })

  test('without a lab file says how to get one', async () => {
    const { status, stderr } = await rig(false).lab(['check'])
    expect(status).toBe(2)
    expect(stderr).toContain('lab init')
  })

  test('finds lab.yaml upwards, and takes -f before and after the command', async () => {
    const one = rig()
    expect((await one.lab(['check', '-f', 'lab.yaml'])).status).toBe(0)
    expect((await one.lab(['-f', 'lab.yaml', 'check'])).status).toBe(0)
  })

  test('says all problems of a lab file at once, with place, line, squiggle and way out', async () => {
    const one = rig()
    one.edit('lab.yaml', 'cpus: 2', 'cpus: 0')
    one.edit('lab.yaml', 'repeat: 5', 'repeet: 5')
    const { status, stderr } = await one.lab(['check'])
    expect(status).toBe(2)
    expect(stderr).toContain('2 problems in lab.yaml')
    expect(stderr).toMatch(/lab\.yaml:\d+:\d+/)
    expect(stderr).toContain('~~~')
    expect(stderr).toContain('readiter')
    expect(stderr).toContain('repeat')
  })

  test('--json: every line is as docs/json.md says, and the last one is the answer', async () => {
    const { stdout, stderr } = await rig().lab(['check', '--json'])
    expect(jsonLines(stdout).map(({ type }) => type)).toEqual(['start', 'answer'])
    expect(stderr).toBe('')
  })

  test('R-0701-1: check --probes finds mistakes in the C of a probe, for the kernels that it runs on', async () => {
    const one = rig()
    const shipped = await one.lab(['check', '--probes'])
    expect(shipped.status, shipped.stderr).toBe(0)
    expect(shipped.stdout).toMatch(/^bpf\/failures\/section-slash\.bpf\.c:9:1: error: .*an experiment expects it/m)
    expect(shipped.stdout).toMatch(/, 0 to correct$/m)
    one.edit('bpf/passfd.bpf.c', 'SEC("tracepoint/syscalls', 'SEC("/tracepoint/syscalls')
    const { status, stdout } = await one.lab(['check', '--probes'])
    expect(status).toBe(2)
    expect(stdout).toMatch(
      /^bpf\/passfd\.bpf\.c:14:1: error: .*\n  did you mean tracepoint\/syscalls\/sys_enter_read\?$/m,
    )
    expect((await one.lab(['check'])).status).toBe(0)
  })

  test('P4: a pattern on a kernel that is not built, and a word that names nothing, are reported', async () => {
    const pattern = await rig().lab(['symbols', 'v6.12', 'vfs_*'])
    expect([pattern.status, pattern.stderr]).toEqual([2, expect.stringContaining('`lab build kernel v6.12`')])
    const word = await rig().lab(['symbols', 'v6.12', 'vfs_read('])
    expect([word.status, word.stderr]).toEqual([2, expect.stringContaining('no function or event has such a name')])
  })

  test('explain reads a file, standard input and the name of a run that is not there', async () => {
    const one = rig()
    one.write('dmesg', '[ 1.0] trace_kprobe: Could not probe notrace function copyout\n')
    expect((await one.lab(['explain', 'dmesg'])).stdout).toMatch(/^notrace, line 1: /)
    expect((await one.lab(['explain', '-'])).stdout).toBe('nothing that lab knows in 0 lines\n')
    const none = await one.lab(['explain', 'last'])
    expect([none.status, none.stdout]).toEqual([2, ''])
    expect(none.stderr).toContain('neither a file, nor a run')
  })

  test('a directory whose name is not UTF-8 is reported as that', () => {
    const one = rig()
    const script = 'dir=$(printf "$1/caf\\351"); mkdir "$dir"; cp "$1/lab.yaml" "$dir"; cd "$dir"; exec "$2" check'
    const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', one.dir, join(TOOL_ROOT, 'lab')], {
      encoding: 'utf8',
      env: { ...process.env, CI: 'true' },
    })
    expect([status, stderr]).toEqual([2, expect.stringContaining('there is a name in it that is not UTF-8')])
  })

  test('what has no end is refused before it is read', async () => {
    const one = rig()
    for (const args of [
      ['explain', '/dev/zero'],
      ['tracepoint', '/dev/zero'],
      ['import', '/dev/zero'],
      ['check', '-f', '/dev/zero'],
    ]) {
      const { status, stderr } = await one.lab(args)
      expect([args, status, stderr]).toEqual([
        args,
        2,
        expect.stringMatching(/\/dev\/zero: this is (a device|not a file)/),
      ])
    }
  })

  test('tracepoint makes C of a pasted format, and says what it cannot use', async () => {
    const one = rig()
    one.write('pasted', 'name: e\nID: 1\nformat:\n\tfield:u32 a;\toffset:8;\tsize:4;\tsigned:0;\n')
    expect((await one.lab(['tracepoint', 'pasted'])).stdout).toContain('struct e_args {')
    expect((await one.lab(['tracepoint', 'lab.yaml'])).status).toBe(2)
    expect((await one.lab(['tracepoint', 'no such file'])).status).toBe(2)
  })

  test('schema is a JSON Schema', async () => {
    expect(JSON.parse((await rig().lab(['schema'])).stdout)).toMatchObject({
      type: 'object',
      additionalProperties: false,
    })
  })

  test('init makes a lab outside the project that is right', async () => {
    const one = rig(false)
    expect((await one.lab(['init', 'mine'])).status).toBe(0)
    expect((await one.lab(['check', '-f', 'mine/lab.yaml'])).status).toBe(0)
    expect((await one.lab(['init', 'mine'])).status).toBe(2)
  })

  test('ps, down and gc have nothing to do in a new lab', async () => {
    const one = rig()
    expect(await one.answer(['ps'])).toEqual([])
    expect(await one.answer(['down'])).toEqual({ stopped: [] })
  })

  test('exec, ssh and console without a VM say how to start one', async () => {
    const { status, stderr } = await rig().lab(['exec', '--', 'true'])
    expect(status).toBe(2)
    expect(stderr).toContain('lab up')
  })
})

/** Command lines of the processes that run now. */
const commandLines = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
      } catch {
        return []
      }
    })

test('a lab that is killed while it builds an image leaves no program, no mount, and the rest to gc', async ({
  skip,
  task,
}) => {
  if (process.getuid?.() !== 0) {
    Object.assign(task.meta, { reason: 'only root mounts' })
    skip()
  }
  const one = rig()
  const nap = `sleep ${90_000 + (process.pid % 9000)}.5`
  // As mmdebstrap: it mounts things, has a program at work, and does not end for a SIGTERM that it gets alone.
  const script = `trap '' TERM; mkdir "$TMPDIR/m"; mount -t tmpfs lab-test "$TMPDIR/m"; echo "I: at work"; ${nap}`
  const PATH = `${pathOf(one, [], { mmdebstrap: script })}:${process.env['PATH'] ?? ''}`
  const env = {
    PATH,
    LAB_CACHE_DIR: join(one.dir, 'cache'),
    TMPDIR: one.dir,
    LAB_DEBIAN_MIRROR: 'http://127.0.0.1:9/',
  }
  const { child, ended } = one.start(['build', 'image'], env)
  const napping = () => commandLines().some((line) => line.trim() === nap)
  await expect.poll(napping).toBe(true)
  child.kill('SIGKILL')
  await ended
  await expect.poll(napping).toBe(false)
  const mounts = () => readFileSync('/proc/self/mounts', 'utf8')
  if (mayMount) expect(mounts()).not.toContain(one.dir)
  const scratch = () => readdirSync(one.dir).filter((name) => name.startsWith('lab-image-'))
  expect(scratch()).toHaveLength(1)
  expect((await one.lab(['gc'], env)).stdout).toContain('lab-image-')
  expect(scratch()).toEqual([])
  expect(mounts()).not.toContain(one.dir)
})

describe('a host where tools are missing', () => {
  const log = (one: Rig) => join(one.dir, 'apt.log')

  test('lists them with the one command that installs them, and installs nothing', async () => {
    const one = rig()
    const PATH = pathOf(one, BASE, { 'apt-get': `echo "$@" >> ${log(one)}` })
    const { status, stderr } = await one.lab(['run', 'readiter'], { PATH })
    expect(status).toBe(69)
    expect(stderr).toMatch(/qemu-system-x86_64 \(runs the guest\): package qemu-system-x86/)
    expect(stderr).toMatch(/apt-get install -y --no-install-recommends .*mmdebstrap/)
    // A user's PATH has no sbin either.
    expect(stderr.includes('mke2fs')).toBe(!existsSync('/usr/sbin/mke2fs'))
    expect(existsSync(log(one))).toBe(false)
  })

  test('--yes runs it, and what is still missing afterwards is said', async () => {
    const one = rig()
    const PATH = pathOf(one, BASE, { 'apt-get': `echo "$@" >> ${log(one)}`, sudo: 'exec "$@"' })
    const { status, stderr } = await one.lab(['run', 'readiter', '--yes'], { PATH })
    expect(status).toBe(69)
    expect(stderr).toContain('still missing after the installation')
    expect(readFileSync(log(one), 'utf8')).toMatch(/^update -qq\ninstall -y --no-install-recommends .*qemu-system-x86/)
  })
})

test.each([
  ['results', ['run', 'readiter']],
  ['.lab', ['run', 'readiter']],
  ['.lab', ['up']],
])('%s that cannot be written is found out before anything is built: lab %j', MOUNTS, (place, args) => {
  const one = rig()
  mkdirSync(join(one.dir, place), { recursive: true })
  const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
  const words = [...NAMESPACE, 'sh', '-c', script, 'sh', join(one.dir, place), join(TOOL_ROOT, 'lab'), ...args]
  const { status, stdout, stderr } = spawnSync(words[0] ?? '', words.slice(1), {
    cwd: one.dir,
    encoding: 'utf8',
    // Nothing is there to be used: a build would begin at once.
    env: { ...process.env, CI: 'true', LAB_CACHE_DIR: join(one.dir, 'cache') },
  })
  expect([status, stdout, stderr.split('\n').filter((line) => line.startsWith('['))]).toEqual([69, '', []])
  expect(stderr).toMatch(/^error: .*EROFS: read-only file system/m)
  expect(stderr).toContain('mount it so that it can be written')
})
