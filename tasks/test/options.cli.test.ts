/**
 * Options of the command line: those that mean nothing together are refused, and what a dry run is asked is what it
 * answers.
 */
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Rig } from './rig.ts'

const lab = new Rig()
const broken = new Rig()
lab.write(
  'lab.yaml',
  `${lab.read('lab.yaml').trimEnd()}
  kinds:
    probes: [readiter]
    workload: { run: "true" }
    matrix: { kernel: [v5.10, v6.1], probe: [readiter, none] }
    warmup: 1
    repeat: 7
  sizes:
    probes: [readiter]
    workload: { run: "echo \${pages} \${ff}" }
    params: { pages: [1, 4096, 24571], ff: [0, 100] }
    quick: { pages: [1, 64] }
    repeat: 7
`,
)
afterAll(() => [lab, broken].forEach((rig) => rig.remove()))

test.each([
  [['up', '--dry-run', '--source', '/nonexistent'], ['/nonexistent is not a kernel tree']],
  [['build', 'kernel', 'v5.10', '--dry-run', '--source', '/nonexistent'], ['/nonexistent is not a kernel tree']],
  [
    ['build', 'kernel', 'v5.10', '--dry-run', '--show-patch'],
    ['--dry-run', '--show-patch'],
  ],
  [['run', 'readiter', '--dry-run', '--source', '/nonexistent'], ['/nonexistent is not a kernel tree']],
  [
    ['run', 'readiter', '--dry-run', '--resume'],
    ['--dry-run', '--resume'],
  ],
  [
    ['run', 'readiter', '--dry-run', '--report'],
    ['--dry-run', '--report'],
  ],
  [['run', 'readiter', '--dry-run', '--only', 'bytes=3'], ['--only bytes=3']],
  [['run', 'readiter', '--dry-run', '--start', 'warm', '--deterministic'], ['no warm start']],
  [
    ['plan', 'kinds', '--kernel', 'v5.10'],
    ['--kernel v5.10', 'matrix.kernel'],
  ],
  [
    ['run', 'kinds', '--dry-run', '--kernel', 'v5.10'],
    ['--kernel v5.10', 'matrix.kernel'],
  ],
  [
    ['run', 'kinds', '--dry-run', '--source', '/nonexistent'],
    ['--source', 'v5.10 and v6.1', '--only kernel=v5.10'],
  ],
  [
    ['symbols', 'v5.10', 'copyout', '--accel', 'tcg'],
    ['--accel', '--booted'],
  ],
  [
    ['symbols', 'v5.10', 'copyout', '--vm', 'default'],
    ['--vm', '--booted'],
  ],
  [
    ['query', 'SELECT 1', '--csv', '--parquet', 'x'],
    ['--csv', '--parquet'],
  ],
  [
    ['trace', 'last', '--svg', 'a', '--csv', 'b'],
    ['--svg', '--csv'],
  ],
  [
    ['trace', 'last', '--graph', '--csv', 'b'],
    ['--graph', '--csv'],
  ],
  [
    ['trace', 'last', '--graph', '--comm', 'x'],
    ['--graph', '--comm'],
  ],
  [
    ['trace', 'last', '--dat', 'a', '--pid', '3'],
    ['--dat', '--pid'],
  ],
  [
    ['trace', 'last', '--jsonl', 'a', '--md'],
    ['--jsonl', '--md'],
  ],
])('%j is refused: exit 2, and both are named', async (args, named) => {
  const { status, stdout, stderr } = await lab.lab(args)
  expect([status, stdout]).toEqual([2, ''])
  for (const one of named) expect(stderr).toContain(one)
})

test('a dry run says what these runs would be: their arms, repeats, kernels and way to start', async () => {
  const plan = async (...args: string[]) => (await lab.lab(['run', ...args, '--dry-run'])).stdout
  expect(await plan('kinds')).toMatch(/kernel v6\.1 [^]*4 arms \(kernel=v5\.10,probe=readiter; .*\) x 7 repeats/)
  const asked = await plan('kinds', '--only', 'kernel=v5.10,probe=none', '--repeat', '3', '--cold', '--parallel', '2')
  expect(asked).toContain(
    '1 arm (kernel=v5.10,probe=none) x 3 repeats, after 1 warm-up of each, each on a VM of its own, 2 VMs at a time',
  )
  expect(asked).not.toContain('kernel v6.1')
  expect(await plan('readiter', '--param', 'bytes=8', '--param', 'bytes=32')).toContain('bytes=8,count=3; bytes=32')
  expect(await plan('sizes', '--only', 'ff=0')).toContain(
    '3 arms (pages=1,ff=0; pages=4096,ff=0; pages=24571,ff=0) x 7',
  )
  // A first look has values of its own, unless the command line gives others.
  expect(await plan('sizes', '--quick', '--only', 'ff=0')).toContain('2 arms (pages=1,ff=0; pages=64,ff=0) x 5 repeats')
  expect(await plan('sizes', '--quick', '--param', 'pages=2', '--only', 'ff=0')).toContain('1 arm (pages=2,ff=0) x 5')
  expect(await plan('readiter', '--deterministic')).toContain('each on a VM of its own')
})

test('what needs no declaration works while lab.yaml has a mistake; a lab file that is not there is said', async () => {
  broken.edit('lab.yaml', 'cpus: 2', 'cpus: 0')
  const env = { LAB_CACHE_DIR: join(broken.dir, 'cache') }
  expect(await broken.lab(['down'], env)).toEqual({ status: 0, stdout: 'no VM was running\n', stderr: '' })
  expect(await broken.lab(['ps'], env)).toEqual({ status: 0, stdout: 'no VM is running\n', stderr: '' })
  expect((await broken.lab(['gc', '--dry-run'], env)).status).toBe(0)
  for (const [args, fact] of [
    [['exec', '--', 'true'], 'no VM is up'],
    [['cp', 'a', ':b'], 'no VM is up'],
    [['console'], 'no VM is up'],
    [['maps', 'last'], 'there are no runs'],
    [['explain', 'last'], 'there are no runs'],
  ] as const) {
    const { status, stderr } = await broken.lab(args, env)
    expect([status, stderr.includes('lab.yaml')], `${args.join(' ')}: ${stderr}`).toEqual([2, false])
    expect(stderr).toContain(fact)
  }
  // Only the declaration says whether this is the name of a VM.
  expect((await broken.lab(['down', 'nobody'], env)).stderr).toContain('1 problem in lab.yaml')
  expect((await broken.lab(['ps', '-f', 'no.yaml'], env)).stderr).toContain('the lab file does not exist')
})
