/** What a confined program can and cannot do, by real programs; and what becomes of its death. */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { boundsFor, confinement, isDamaged, runConfined, type Bounds } from './sandbox.ts'

const never = new AbortController().signal
const BOUNDS: Bounds = { timeout: 30_000, output: 2 ** 20, memory: 2 ** 28 }
/** A script of Perl, which every Debian has. */
const confined = (script: string, file?: string, bounds: Partial<Bounds> = {}) =>
  runConfined((name) => ['perl', '-MIO::Socket::INET', '-e', script, name], {
    signal: never,
    bounds: { ...BOUNDS, ...bounds },
    place: 'input',
    ...(file === undefined ? {} : { file }),
  })

/** What is expected of the strongest confinement can be shown where it works. */
const strong = (await confinement()) === 'bubblewrap'
const BUBBLEWRAP = strong ? {} : { skip: true, meta: { reason: 'bubblewrap does not work here (lab doctor says why)' } }

afterEach(() => vi.unstubAllEnvs())

test('reads its file', async () => {
  const file = join(tempDir(), 'a file')
  writeFileSync(file, 'content')
  expect((await confined('print <>', file)).stdout).toBe('content')
})

test('has no network, no home, no other file of ours, and no environment', BUBBLEWRAP, async () => {
  const server = createServer().listen(0, '127.0.0.1')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  vi.stubEnv('SECRET', 'of the user')
  const dir = tempDir()
  writeFileSync(join(dir, 'file'), '')
  writeFileSync(join(dir, 'other'), '')
  const script = `
my $net = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => ${port}) ? 1 : 0;
my @dirs = map { opendir(my $dir, $_) ? 1 : 0 } (${JSON.stringify(process.env['HOME'] ?? '/root')}, "/proc");
my $other = open(my $file, "<", ${JSON.stringify(join(dir, 'other'))}) ? 1 : 0;
print "$net @dirs $other ", $ENV{SECRET} // "none";`
  expect((await confined(script, join(dir, 'file'))).stdout).toBe('0 0 0 0 none')
  server.close()
})

test('writes nothing anywhere, whatever the means of the host', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'file'), 'as it was')
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('lab-escape'))
  const script = `
$SIG{XFSZ} = "IGNORE";
for my $path (shift, ${JSON.stringify(join(dir, 'new'))}, "/tmp/lab-escape", "/usr/lab-escape") {
  next unless open(my $file, "+>>", $path);
  $file->autoflush(1);
  print "wrote $path\\n" if syswrite($file, "x");
}`
  expect((await confined(script, join(dir, 'file'))).stdout).toBe('')
  if (strong) expect([existsSync(join(dir, 'new')), existsSync('/tmp/lab-escape')]).toEqual([false, false])
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('lab-escape'))).toEqual(before)
})

/** A signal of its own would not reach the first process of a PID namespace; what the CPU raises does. */
const CRASH = 'unpack "p", pack "Q", 8'
const ENDLESS = 'print "x" x 1000 while 1'

test.each<[string, string, Partial<Bounds>, RegExp]>([
  ['a crash', CRASH, {}, /^perl was ended by SIGSEGV$/],
  ['an error', 'exit 3', {}, /^perl ended with status 3$/],
  ['too much memory', 'my $x = "x" x (1 << 30)', {}, /^perl ended with status \d+$/],
  ['too much output', ENDLESS, {}, /^perl wrote more than 1048576 bytes$/],
  ['too much time', 'while (1) {}', { timeout: 2000 }, /^perl (took longer than 2 s|was ended by SIG(XCPU|KILL))/],
])('%s is damage of the input, and no failure of the lab', async (_, script, bounds, fact) => {
  const failure = await failureOf(confined(script, undefined, bounds))
  expect([failure.kind, isDamaged(failure)]).toEqual(['experiment', true])
  expect(failure.parts.fact).toMatch(fact)
})

test('output to a file is bounded as well', async () => {
  const stdoutFile = join(tempDir(), 'out')
  const failure = await failureOf(
    runConfined(() => ['perl', '-e', ENDLESS], {
      signal: never,
      bounds: BOUNDS,
      place: 'input',
      stdoutFile,
    }),
  )
  expect(isDamaged(failure)).toBe(true)
})

test('a program that is not installed is a matter of the lab', async () => {
  const failure = await failureOf(
    runConfined(() => ['no-such-program'], { signal: never, bounds: BOUNDS, place: 'input' }),
  )
  expect([failure.kind, isDamaged(failure), failure.parts.fact]).toEqual([
    'lab',
    false,
    'no-such-program is not installed',
  ])
})

test('where bubblewrap does not work, the next best is taken, and it says which', async () => {
  vi.resetModules()
  const bin = join(tempDir(), 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'bwrap'), '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2; exit 1\n')
  chmodSync(join(bin, 'bwrap'), 0o755)
  vi.stubEnv('PATH', `${bin}:${process.env['PATH'] ?? ''}`)
  const again = await import('./sandbox.ts')
  const way = await again.confinement()
  expect(['namespaces', 'limits']).toContain(way)
  const file = join(tempDir(), 'file')
  writeFileSync(file, 'content')
  const options = { signal: never, bounds: BOUNDS, place: 'input', file }
  expect((await again.runConfined((name) => ['cat', name], options)).stdout).toBe('content')
  // Not failureOf: the modules were loaded again, and with them the class of failures.
  await expect(again.runConfined(() => ['perl', '-e', CRASH], options)).rejects.toThrow('perl was ended by SIGSEGV')
})

test('bounds grow with the file', () => {
  const [small, large] = [boundsFor(4096), boundsFor(2 ** 30)]
  expect(large.timeout).toBeGreaterThan(small.timeout * 2)
  expect(large.output).toBeGreaterThan(2 ** 34)
})
