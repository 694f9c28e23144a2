/** What a lab declares of its guest is in the guest: parameters of the kernel, devices, file systems, files. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rig } from './rig.ts'
import { until } from './until.ts'

const lab = new Rig()

const VM = `
  odd:
    kernel: { use: v5.4, fallback: [v5.10] }
    image: minimal
    cpus: { sockets: 2, cores: 2 }
    cmdline: [nokaslr, "lab_says=hello"]
    qemu: [-device, edu]
    disks:
      data: { fs: ext4, size: 64M, mount: /data, files: { f: "1 2 3\\n" } }
      small:
        fs: ext4
        size: 32M
        mount: /small
        mkfs: [-b, "1024", -O, ^has_journal]
        options: noatime
        files:
          host.txt: { from: given.txt }
          deep/records: { size: 1M, fill: records }
          zeros: { size: 2M }
  dumping:
    kernel: { use: v5.4, fallback: [v5.10] }
    image: minimal
    memory: 256M
    dump: on-panic
  client: { kernel: { use: v5.4, fallback: [v5.10] }, image: minimal, memory: 256M, networks: [lan] }
  server: { kernel: { use: v5.4, fallback: [v5.10] }, image: minimal, memory: 256M, networks: [lan] }
`

const EXPERIMENTS = `
  panic:
    vm: dumping
    probes: []
    workload: { run: "sh -c 'echo c > /proc/sysrq-trigger'" }
  late:
    vm: dumping
    probes: []
    timeout: 1s
    workload: { run: "sleep 1000" }
    collect: [stdout]
  wrong-option:
    vm: odd
    probes: []
    before: [{ run: "mount -o data=nonsense /dev/vdb /mnt" }]
    workload: { run: "true" }
    collect: [stdout]
  busy:
    vm: odd
    probes: []
    before: [{ run: "sh -c 'sleep 60 < /data/f > /dev/null 2>&1 &'" }, { remount: /data }]
    workload: { run: "true" }
    collect: [stdout]
`

beforeAll(async () => {
  lab.write('given.txt', 'of the host\n')
  const text = lab.read('lab.yaml')
  if (!text.includes('\nprobes:\n')) throw new Error('lab.yaml has no probes:')
  lab.write('lab.yaml', `${text.replace('\nprobes:\n', `${VM}\nprobes:\n`).trimEnd()}${EXPERIMENTS}`)
  const { status, stderr } = await lab.lab(['up', 'odd'])
  expect(status, stderr).toBe(0)
})
afterAll(async () => {
  await lab.lab(['down'])
  lab.remove()
})

const inGuest = async (command: string) => (await lab.lab(['exec', '--vm', 'odd', '--', 'sh', '-c', command])).stdout

test('parameters of the kernel and a device', async () => {
  expect(await inGuest('cat /proc/cmdline')).toMatch(/ nokaslr lab_says=hello init=/)
  // The educational device of QEMU (docs/specs/edu.rst).
  expect(await inGuest('cat /sys/bus/pci/devices/*/vendor')).toContain('0x1234')
})

test('CPUs as they were arranged: two sockets of two cores', async () => {
  const topology = '/sys/devices/system/cpu/cpu3/topology'
  expect(await inGuest(`nproc; cd ${topology}; cat physical_package_id core_siblings_list`)).toBe('4\n1\n2-3\n')
})

test('file systems as they were asked for, each with a UUID of its own', async () => {
  expect(await inGuest('grep " /small " /proc/mounts')).toMatch(/ext4 rw,noatime/)
  expect(await inGuest('stat -f -c %S /small /data')).toBe('1024\n4096\n')
  const uuids = await inGuest('for d in /dev/vd?; do dd if=$d bs=1 skip=1128 count=16 2>/dev/null | od -An -tx1; done')
  const known = uuids.trim().split('\n')
  expect(known.length).toBe(4)
  expect(new Set(known).size).toBe(4)
})

test('files: of the host, and patterns', async () => {
  expect(await inGuest('cat /small/host.txt')).toBe('of the host\n')
  expect(await inGuest('tail -c 16 /small/deep/records; stat -c %s /small/zeros')).toBe('000000000065535\n2097152\n')
})

test('another content of the host’s file is another disk', async () => {
  lab.write('given.txt', 'other\n')
  const { status, stderr } = await lab.lab(['up', 'odd'])
  expect(status, stderr).toBe(0)
  expect(await inGuest('cat /small/host.txt')).toBe('other\n')
})

test.each([
  ['wrong-option', /a command ended with status 32: mount -o data=nonsense[^]*kernel: EXT4-fs \(vdb\)/],
  ['busy', /remount \/data failed: Device or resource busy[^]*has a file open there/],
])('before: that fails (%s) ends the run with its reason, and with what the kernel said', async (name, reason) => {
  const { status, stderr } = await lab.lab(['run', name])
  expect([status, stderr]).toEqual([2, expect.stringMatching(reason)])
})

test('gdb stops the guest, names its functions, and lets it go on', async () => {
  const { status, stdout, stderr } = await lab.lab([
    'gdb',
    'odd',
    '--ex',
    'break scheduler_tick',
    '--ex',
    'c',
    '--ex',
    'bt',
  ])
  expect(status, stderr).toBe(0)
  expect(stdout).toMatch(/#0 .* scheduler_tick \(\)\n#1 /)
  expect(await inGuest('echo it goes on')).toBe('it goes on\n')
})

test('a gdb that is killed while the guest runs leaves no breakpoint behind', async () => {
  const { child, ended } = lab.start(['gdb', 'odd', '--ex', 'break vfs_read', '--ex', 'shell echo ready', '--ex', 'c'])
  await new Promise<void>((resolve) =>
    child.stdout?.on('data', (bytes: Buffer) => {
      if (bytes.includes('ready')) resolve()
    }),
  )
  child.kill('SIGTERM')
  expect((await ended).status).toBe(130)
  expect(await inGuest('cat /proc/sys/kernel/ostype')).toBe('Linux\n')
})

test('gdb sees a guest of its own from its first instruction on', async () => {
  const { status, stdout, stderr } = await lab.lab([
    'gdb',
    'odd',
    '--wait',
    '--ex',
    'hbreak start_kernel',
    '--ex',
    'c',
    '--ex',
    'bt',
  ])
  expect(status, stderr).toBe(0)
  expect(stdout).toMatch(/#0 .* start_kernel \(\)/)
})

test('a guest that panics leaves a dump, and the stack of the task that panicked is in it', async () => {
  const { status, stderr } = await lab.lab(['run', 'panic'])
  expect(status, stderr).toBe(1)
  const [, run = ''] = /lab crash (\S+)/.exec(stderr) ?? []
  const dir = join(lab.dir, '.lab/crashes', run)
  expect(readdirSync(join(lab.dir, '.lab/crashes'))).toEqual([run])
  const { mode, size } = statSync(join(dir, 'vmcore'))
  expect(mode & 0o777).toBe(0o600)
  expect(size).toBeLessThan(300 * 2 ** 20)
  const opened = await lab.lab(['crash', run, '--ex', 'thread apply all lab-bt'])
  expect(opened.status, opened.stderr).toBe(0)
  expect(opened.stdout).toMatch(/<panic\+\d+>[^]*<write_sysrq_trigger\+\d+>[^]*<ksys_write\+\d+>/)
  const types = await lab.lab(['crash', run, '--with', 'crash', '--ex', 'bt'])
  expect([types.status, types.stderr]).toEqual([2, expect.stringContaining('was built without DWARF')])
})

test('a workload that does not end leaves a dump among the files of its run', async () => {
  const { status, stderr } = await lab.lab(['run', 'late'])
  expect(status, stderr).toBe(1)
  const [run = ''] = readdirSync(join(lab.dir, 'results/late'))
  expect(stderr).toContain(`lab crash ${run}`)
  expect((await lab.lab(['crash', run, '--ex', 'info threads'])).stdout).toMatch(/LWP 1 [^]*LWP 2 /)
  const verified = await lab.lab(['verify', run])
  expect(verified.stdout).toContain('as recorded')
})

test('two VMs of a network see one another by name, and nothing else', async () => {
  for (const vm of ['server', 'client']) {
    const { status, stderr } = await lab.lab(['up', vm])
    expect(status, stderr).toBe(0)
  }
  const onClient = (command: string) => lab.lab(['exec', '--vm', 'client', '--', 'sh', '-c', command])
  expect((await onClient('cat /sys/class/net/eth1/address')).stdout).toBe('52:54:4c:41:01:01\n')
  const server = lab.start(['exec', '--vm', 'server', '--', 'sh', '-c', 'echo from the server | busybox nc -l -p 7777'])
  const ask = async () => (await onClient('busybox nc server 7777 </dev/null')).stdout
  const answer = await until('an answer of the server', async () => (await ask()) || undefined)
  expect(answer).toBe('from the server\n')
  await server.ended
  // No route but to the network itself and to the ssh server's peer.
  expect((await onClient('ip route')).stdout).not.toContain('default')
})
