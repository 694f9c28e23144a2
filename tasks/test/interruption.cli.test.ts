/**
 * Ctrl-C and SIGTERM end every command: soon, with exit 130, and nothing is left behind. Each command is interrupted
 * where it is held up for ever: by a read from a pipe that nobody writes to (as from a file server that has gone), by a
 * program that ignores SIGTERM, by a statement without an end.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMMANDS } from '../commands/registry.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { codeOf } from '../engine/error.ts'
import { which } from '../host/which.ts'
import { LOG } from '../linux/ftrace/trace-log.fixture.ts'
import { recording } from './recording.ts'
import { leftBelow, living, MARK } from './remains.ts'
import { Rig } from './rig.ts'
import { until } from './until.ts'
import { killNow } from './kill-now.ts'

/** The promise is three seconds; a loaded machine gets more. Milliseconds. */
const SOON = 60_000
/** A command that has not become busy by then is not what the table says. Milliseconds. */
const BUSY_WITHIN = 150_000
const LIMIT = BUSY_WITHIN + 4 * SOON

/** A pipe in the place of a file. Whoever reads it waits for ever, and it can be seen that somebody does. */
class Silent {
  readonly #file: string
  #fd: number | undefined

  constructor(file: string) {
    this.#file = file
    rmSync(file, { force: true })
    if (spawnSync('mkfifo', [file]).status !== 0) throw new Error(`no mkfifo ${file}`)
  }

  /** Opening it for writing succeeds as soon as a reader waits (fifo(7)). */
  isRead(): boolean {
    try {
      this.#fd ??= openSync(this.#file, constants.O_WRONLY | constants.O_NONBLOCK)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENXIO') return false
      throw error
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
  }
}

/** In the place of every program that lab starts: it says that it was started, and neither ends nor heeds SIGTERM. */
const STUBBORN = `#!/bin/sh
trap '' TERM INT HUP
echo "$0 $*" >> "$STARTED"
while :; do sleep 1; done
`
/** What the launcher and lab's way of starting programs need. */
const PLAIN = ['sh', 'bash', 'env', 'dirname', 'readlink', 'find', 'head', 'mkdir', 'rm', 'sleep', 'setpriv', 'node']
const STUBS = [
  'make',
  'gcc',
  'clang',
  'git',
  'tar',
  'rsync',
  'qemu-system-x86_64',
  'qemu-img',
  'apt-get',
  'apt-cache',
  'dpkg',
  'dpkg-query',
  'dpkg-deb',
  'trace-cmd',
  'rsvg-convert',
  'mke2fs',
  'mmdebstrap',
  'xz',
  'flex',
  'bison',
  'bpftool',
  'pahole',
  'ssh-keygen',
  'unshare',
  'debugfs',
  'ip',
  'uname',
  'openssl',
  'ld.lld',
  'llvm-objdump',
  'llvm-strip',
  'ld',
  'objdump',
  'bc',
  'perl',
  'bwrap',
  'prlimit',
  'newuidmap',
  'zstd',
  'depmod',
  'modinfo',
  'readelf',
  'sftp',
]

/** A lab of its own for each row: they run side by side, since each mostly waits. */
class Place {
  readonly rig = new Rig(false)
  readonly cache = join(this.rig.dir, 'cache')
  readonly temp = join(this.rig.dir, 'temp')
  readonly started = join(this.rig.dir, 'started')
  readonly bin = join(this.rig.dir, 'bin')
  readonly #pipes: Silent[] = []

  constructor(template: Rig) {
    cpSync(template.dir, this.rig.dir, { recursive: true, preserveTimestamps: true })
    for (const dir of [this.temp, this.bin, this.cache]) mkdirSync(dir, { recursive: true })
    for (const name of PLAIN) symlinkSync(which(name) ?? `/bin/${name}`, join(this.bin, name))
    for (const name of STUBS) {
      writeFileSync(join(this.bin, name), STUBBORN)
      chmodSync(join(this.bin, name), 0o755)
    }
  }

  get env(): Record<string, string> {
    return {
      HOME: this.rig.dir,
      CI: 'true',
      PATH: this.bin,
      TMPDIR: this.temp,
      LAB_CACHE_DIR: this.cache,
      STARTED: this.started,
      [MARK]: this.rig.dir,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(cacheDir(process.env), 'node-compile'),
    }
  }

  /** Puts pipes in the place of files; answers what tells whether one of them is read. */
  silence(...files: string[]): () => boolean {
    const pipes = files.map((file) => new Silent(join(this.rig.dir, file)))
    this.#pipes.push(...pipes)
    return () => pipes.some((pipe) => pipe.isRead())
  }

  /** Directories of the runs. */
  runs(): string[] {
    return readdirSync(join(this.rig.dir, 'results/notes')).map((run) => join('results/notes', run))
  }

  /** Silences a file of every run. */
  inRuns(name: string): () => boolean {
    return this.silence(...this.runs().map((run) => join(run, name)))
  }

  /** What a command must not leave. */
  leftovers(): string[] {
    const names = readdirSync(this.rig.dir, { recursive: true }) as string[]
    return [...leftBelow(this.rig.dir), ...names.filter((name) => /(?:^|\/)out\.\w+$/.test(name))]
  }

  [Symbol.dispose](): void {
    for (const pid of living(this.rig.dir)) killNow(Number(pid))
    for (const pipe of this.#pipes) pipe.close()
    this.rig.remove()
  }
}

interface Row {
  readonly args: readonly string[]
  /** Lays the obstacle; answers what says that the command is held up by it. `pid` is the command's. */
  readonly held: (place: Place) => ((pid: number) => boolean) | Promise<(pid: number) => boolean>
  readonly input?: 'endless'
}

/** A program was started, which does not end. */
const program =
  ({ started }: Place) =>
  (): boolean =>
    existsSync(started)
const manifest = (place: Place) => place.inRuns('manifest.json')
const vmState = (place: Place) => {
  mkdirSync(join(place.rig.dir, '.lab/vms/default'), { recursive: true })
  return place.silence('.lab/vms/default/state.json')
}

const planOfCluster = (place: Place) => {
  mkdirSync(join(place.rig.dir, '.lab/slurm/0123456789ab'), { recursive: true })
  return place.silence('.lab/slurm/0123456789ab/plan.json')
}

/** Seconds of CPU time that a process has had (proc(5)). */
function cpuSeconds(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** It computes: more than a start takes. */
const computes = () => (pid: number) => cpuSeconds(pid) > 3

/** Bytes that a process has read (proc(5)). */
const bytesRead = (pid: number): number =>
  Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0)

/** A recorded file that takes hours to read, and no room. */
const vast = (place: Place) => {
  for (const file of place.runs()) truncateSync(join(place.rig.dir, file, 'trace.txt'), 2 ** 42)
  return (pid: number) => bytesRead(pid) > 2 ** 28
}

/** The runs are those of another checkout, and take hours to verify. */
const vastElsewhere = (place: Place) => {
  const isHeld = vast(place)
  mkdirSync(join(place.rig.dir, 'elsewhere'))
  renameSync(join(place.rig.dir, 'results'), join(place.rig.dir, 'elsewhere/results'))
  return isHeld
}

/** Runs whose events are in a trace.dat and not yet in a table: trace-cmd is asked. */
const untabled = (place: Place) => {
  for (const run of place.runs()) {
    rmSync(join(place.rig.dir, run, 'events.parquet'))
    writeFileSync(join(place.rig.dir, run, 'trace.dat'), recording([Buffer.from('one')]))
  }
  return program(place)
}

const ENDLESS = 'SELECT count(*) FROM range(100000000) a, range(1000000) b'

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  check: [{ args: ['check', '--probes'], held: program }],
  doctor: [{ args: ['doctor'], held: program }],
  plan: [{ args: ['plan', 'readiter'], held: program }],
  build: [
    { args: ['build', 'kernel'], held: program },
    { args: ['build', 'image'], held: program },
    { args: ['build', 'probe'], held: program },
  ],
  up: [{ args: ['up'], held: program }],
  down: [{ args: ['down'], held: vmState }],
  run: [{ args: ['run', '--all'], held: program }],
  task: [{ args: ['task', '.lab/slurm/0123456789ab', '0'], held: planOfCluster }],
  jobs: [{ args: ['jobs'], held: planOfCluster }],
  bisect: [{ args: ['bisect', 'readiter', 'HEAD~1', 'HEAD', '--source', '.'], held: program }],
  ps: [{ args: ['ps'], held: vmState }],
  gc: [
    {
      args: ['gc'],
      held: (place) => {
        mkdirSync(join(place.cache, 'beside'))
        return place.silence('cache/beside/x.json')
      },
    },
  ],
  exec: [{ args: ['exec', '--', 'true'], held: vmState }],
  cp: [{ args: ['cp', ':/etc', '.'], held: vmState }],
  console: [{ args: ['console'], held: vmState }],
  trace: [{ args: ['trace', 'last'], held: untabled }],
  diff: [{ args: ['diff', 'last~1', 'last'], held: manifest }],
  maps: [{ args: ['maps', 'last'], held: (place) => place.inRuns('maps.json') }],
  explain: [
    { args: ['explain', '-'], held: () => () => true, input: 'endless' },
    { args: ['explain', 'dmesg.txt'], held: (place) => place.silence('dmesg.txt') },
    { args: ['explain', 'last'], held: (place) => place.inRuns('stdout') },
  ],
  verify: [{ args: ['verify', 'last'], held: vast }],
  merge: [{ args: ['merge', 'elsewhere'], held: vastElsewhere }],
  export: [{ args: ['export', 'last', '-o', 'out.pack'], held: vast }],
  kernels: [{ args: ['kernels', 'add', 'linux-image-amd64'], held: program }],
  cache: [
    { args: ['cache', 'push', 'there'], held: program },
    { args: ['cache', 'pull', 'ssh://127.0.0.1/there'], held: program },
    { args: ['cache', 'list', 'ssh://127.0.0.1/there'], held: program },
  ],
  lock: [{ args: ['lock'], held: program }],
  tracepoint: [
    { args: ['tracepoint', 'sched:sched_switch'], held: program },
    { args: ['tracepoint', '-'], held: () => () => true, input: 'endless' },
  ],
  symbols: [{ args: ['symbols', 'v5.10', 'vfs_read'], held: program }],
  import: [
    {
      args: ['import', 'one.dat'],
      held: (place) => {
        writeFileSync(join(place.rig.dir, 'one.dat'), recording([Buffer.from('one')]))
        return program(place)
      },
    },
  ],
  query: [{ args: ['query', ENDLESS], held: computes }],
  report: [{ args: ['report', '-o', 'page.html', '--figures', 'figures'], held: program }],
}

/** These read a few small files and end. */
const SHORT = ['init', 'schema', 'results', 'completion', 'mcp']
/** These get to anything long only with a guest, which there is none of here. */
const GUEST = ['ssh', 'reproduce', 'gdb', 'crash']

const template = new Rig()

beforeAll(async () => {
  const env = { LAB_CACHE_DIR: join(template.dir, 'cache') }
  template.write('notes.txt', Object.values(LOG).flat().join('\n'))
  for (let count = 0; count < 2; count++)
    expect((await template.lab(['import', 'notes.txt', '--name', 'notes'], env)).status).toBe(0)
  rmSync(env.LAB_CACHE_DIR, { recursive: true })
}, BUSY_WITHIN)
afterAll(() => template.remove())

async function interrupted({ args, held, input }: Row, place: Place, signal: NodeJS.Signals) {
  const isHeld = await held(place)
  const before = place.leftovers()
  const child = spawn(join(TOOL_ROOT, 'lab'), args, {
    cwd: place.rig.dir,
    stdio: [input === 'endless' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: place.env,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  let status: number | NodeJS.Signals | null | undefined
  const ended = new Promise<void>((resolve) =>
    child.on('close', (code, by) => {
      status = code ?? by
      resolve()
    }),
  )
  // More than a pipe holds: whoever has taken it reads.
  if (input === 'endless') await new Promise((resolve) => child.stdin?.write('x\n'.repeat(2 ** 20), resolve))
  await until(`${args.join(' ')} is busy`, () => status !== undefined || isHeld(child.pid ?? 0), BUSY_WITHIN)
  expect(status, `it ended before it was busy: ${said}`).toBeUndefined()
  const since = Date.now()
  child.kill(signal)
  const patience = setTimeout(() => child.kill('SIGKILL'), 2 * SOON)
  await ended
  clearTimeout(patience)
  const ms = Date.now() - since
  // Killed, they need a moment to be gone.
  await until('the end of all that it started', () => living(place.rig.dir).length === 0, BUSY_WITHIN)
  return { status, left: place.leftovers().filter((name) => !before.includes(name)), said, ms }
}

async function check(row: Row, signal: NodeJS.Signals): Promise<void> {
  using place = new Place(template)
  const { status, left, said, ms } = await interrupted(row, place, signal)
  expect({ status, left }, said).toEqual({ status: 130, left: [] })
  expect(said).toMatch(/^interrupted$/m)
  expect(said).not.toMatch(/bug in lab|^error:|^\s+at /m)
  expect(ms).toBeLessThan(SOON)
}

test('every command is in the table', () => {
  const names = Object.keys(COMMANDS)
  expect([...Object.keys(TABLE), ...SHORT, ...GUEST].toSorted()).toEqual(names.toSorted())
})

const rows = Object.values(TABLE)
  .flat()
  .map((row) => ({ name: row.args.join(' '), row }))
test.concurrent.each(rows)('Ctrl-C ends lab $name', ({ row }) => check(row, 'SIGINT'), LIMIT)
test.concurrent.each(['SIGTERM', 'SIGHUP'] as const)(
  '%s ends a command as Ctrl-C does',
  (signal) => check({ args: ['up'], held: program }, signal),
  LIMIT,
)
