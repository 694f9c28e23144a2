/** The main job on real VMs: from lab.yaml to the trace of a read, on the host; and what goes wrong on the way. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig, type Ended } from './rig.ts'
import { until } from './until.ts'

interface Outcome {
  readonly dir: string
  readonly manifest: Manifest
}

const lab = new Rig()
const messagesOf = async (rig: Rig, run: string): Promise<string[]> => {
  const { events } = (await rig.answer(['trace', run])) as { events: { message: string }[] }
  return events.map(({ message }) => message)
}
/** Addresses differ from boot to boot; nothing else may. */
const normal = (messages: readonly string[]) => messages.map((text) => text.replaceAll(/0x[0-9a-f]+/g, '0x…'))
const vmsOf = (rig: Rig) => (existsSync(join(rig.dir, '.lab/vms')) ? readdirSync(join(rig.dir, '.lab/vms')) : [])
const qemusOf = (rig: Rig): string[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('qemu-system') &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(rig.dir)
        )
      } catch {
        return false
      }
    })

const SIX = [
  'ext4 file read',
  'generic file read',
  'copy_page_to_iter',
  'copy_page_to_iter_iovec',
  'entering copyout',
  'copyout to 0x… from 0x… len 16',
]

beforeAll(async () => {
  // What all tests share is made first, so that a failure of it is seen once.
  const { status, stderr } = await lab.lab(['build', 'image'])
  if (status !== 0) throw new Error(stderr)
})
afterAll(async () => {
  await lab.lab(['down'])
  lab.remove()
})

describe('R-0802-1: lab run readiter', () => {
  let first: readonly Outcome[] = []

  test('gives six messages per read, three reads per run, five runs, complete', async () => {
    first = (await lab.answer(['run', 'readiter', '--report'])) as Outcome[]
    expect(first.length).toBe(5)
    expect(lab.read('results/readiter.html')).toContain('15 whole reads, as the experiment declares them')
    for (const { manifest, dir } of first) {
      expect(manifest).toMatchObject({
        verdict: 'passed',
        trace: { completeness: 'complete', notUnderstood: 0 },
        workload: { status: 0 },
      })
      expect(normal(await messagesOf(lab, manifest.run))).toEqual([...SIX, ...SIX, ...SIX])
      for (const name of [
        'trace.dat',
        'events.parquet',
        'stdout',
        'stderr',
        'dmesg',
        'maps.json',
        'kallsyms',
        'probes.json',
        'console.log',
        'manifest.json',
      ])
        expect(existsSync(join(dir, name)), name).toBe(true)
    }
    expect(vmsOf(lab).filter((name) => name.includes('.run-'))).toEqual([])
    expect(qemusOf(lab)).toEqual([])
  })

  test('R-1101-1: says the same on both sides: buffer and length of the program are those of the probe', async () => {
    const { dir, manifest } = first[0] as Outcome
    const buffer = /buffer (0x[0-9a-f]+)/.exec(readFileSync(join(dir, 'stdout'), 'utf8'))?.[1]
    const copies = (await messagesOf(lab, manifest.run)).filter((text) => text.startsWith('copyout to'))
    expect(copies.length).toBe(3)
    for (const copy of copies) expect(copy).toMatch(new RegExp(`^copyout to ${buffer} from 0xffff[0-9a-f]+ len 16$`))
  })

  test('R-1801-1: counts hits per probe, and none is missed', () => {
    const { programs } = JSON.parse(readFileSync(join((first[0] as Outcome).dir, 'probes.json'), 'utf8')) as {
      programs: { hits: number; missed: number }[]
    }
    expect(programs.map(({ hits, missed }) => [hits, missed])).toEqual(programs.map(() => [3, 0]))
    expect(programs.length).toBe(5)
  })

  test('is the same sequence when it is run again, in another VM', async () => {
    const [again] = (await lab.answer(['run', 'readiter', '--repeat', '1'])) as Outcome[]
    expect(again?.manifest.guest.bootId).not.toBe(first[0]?.manifest.guest.bootId)
    expect(normal(await messagesOf(lab, again?.manifest.run ?? ''))).toEqual(
      normal(await messagesOf(lab, first[0]?.manifest.run ?? '')),
    )
  })

  test('R-0501-3: reads of proc, tmpfs and a pipe in the same process print nothing', async () => {
    const rig = new Rig()
    rig.write(
      'bpf/workloads/elsewhere.c',
      `#include <fcntl.h>\n#include <unistd.h>\nstatic void once(const char *f) { char b[16]; int fd = open(f, O_RDONLY); if (read(fd, b, 16) < 0) _exit(1); close(fd); }\nint main(void) { int p[2]; char b[16]; once("/data/f"); once("/proc/version"); int t = open("/tmp/x", O_RDWR | O_CREAT, 0600); if (write(t, "0123456789abcdef", 16) != 16) return 1; once("/tmp/x"); if (pipe(p) || write(p[1], "x", 1) != 1 || read(p[0], b, 1) != 1) return 1; return 0; }\n`,
    )
    rig.edit('lab.yaml', 'readfile.c', 'elsewhere.c')
    rig.edit('lab.yaml', 'readfile /data/f --bytes ${bytes} --count ${count}', 'elsewhere')
    rig.edit('lab.yaml', 'params: { bytes: [16], count: [3] }', 'params: { bytes: [16], count: [1] }')
    const [outcome] = (await rig.answer(['run', 'readiter', '--repeat', '1'])) as Outcome[]
    expect(normal(await messagesOf(rig, outcome?.manifest.run ?? ''))).toEqual(SIX)
    rig.remove()
  })
})

describe('R-0501-1: a VM that is up', () => {
  test('is started once, reached, used by runs, and stopped', async () => {
    const { pid, kernel } = (await lab.answer(['up'])) as { pid: number; kernel: { release: string } }
    expect(await lab.answer(['up'])).toMatchObject({ pid })
    expect((await lab.lab(['exec', '--', 'uname', '-r'])).stdout.trim()).toBe(kernel.release)
    expect((await lab.lab(['exec', '--', 'sh', '-c', 'exit 7'])).status).toBe(7)
    const runs = (await lab.answer(['run', 'readiter', '--repeat', '2'])) as Outcome[]
    expect(runs.map(({ manifest }) => [manifest.verdict, manifest.guest.vm])).toEqual([
      ['passed', 'up'],
      ['passed', 'up'],
    ])
    lab.write('note.txt', 'over and back\n')
    expect((await lab.lab(['cp', 'note.txt', ':/tmp/'])).status).toBe(0)
    expect((await lab.lab(['cp', ':/tmp/note.txt', 'back.txt'])).status).toBe(0)
    expect(lab.read('back.txt')).toBe('over and back\n')
    // A file of the kernel's has no size, and a directory may hold what is not for the host.
    expect((await lab.lab(['cp', ':/proc/sys/kernel/osrelease', 'release'])).status).toBe(0)
    expect(lab.read('release').trim()).toBe(kernel.release)
    await lab.lab(['exec', '--', 'sh', '-c', 'mkdir -p /tmp/d; ln -s /etc/passwd /tmp/d/out; echo in > /tmp/d/in'])
    const copied = await lab.lab(['cp', ':/tmp/d', 'd'])
    expect([copied.status, lab.read('d/in')]).toEqual([0, 'in\n'])
    expect(copied.stderr).toContain('1 left out')
    expect((await lab.lab(['cp', ':/tmp/nothing', 'nothing'])).status).toBe(2)
    expect((await lab.answer(['ps'])) as unknown[]).toMatchObject([{ id: 'default', alive: true }])
    expect((await lab.lab(['exec', '--', 'cat', '/sys/kernel/tracing/kprobe_events'])).stdout).toBe('')
    expect(await lab.answer(['down'])).toEqual({ stopped: ['default'] })
    expect(qemusOf(lab)).toEqual([])
  })

  test('that dies is noticed, and the next run gets one of its own', async () => {
    const { pid } = (await lab.answer(['up'])) as { pid: number }
    process.kill(pid, 'SIGKILL')
    const [outcome] = (await lab.answer(['run', 'readiter', '--repeat', '1'])) as Outcome[]
    expect(outcome?.manifest).toMatchObject({ verdict: 'passed', guest: { vm: 'started' } })
    // Others may have left something too: in the cache, and in the directory for temporary files.
    const { removed } = (await lab.answer(['gc'])) as { removed: string[] }
    expect(removed).toContain(join(lab.dir, '.lab/vms/default'))
  })
})

describe('what goes wrong is named', () => {
  /** Changes the shipped lab, runs it, and expects a failure. */
  async function broken(change: (rig: Rig) => void): Promise<Ended> {
    const rig = new Rig()
    try {
      change(rig)
      const ended = await rig.lab(['run', 'readiter', '--repeat', '1'])
      expect(qemusOf(rig)).toEqual([])
      expect(ended.stderr).not.toMatch(/^\s+at .*\.ts:/m)
      return ended
    } finally {
      rig.remove()
    }
  }
  const PROBE = 'bpf/readiter.bpf.c'

  test('a probe that does not compile: file, line, the compiler’s words once', async () => {
    const { status, stderr } = await broken((rig) => rig.edit(PROBE, 'say("ext4 file read");', 'say("ext4 file read")'))
    expect(status).toBe(2)
    expect(stderr).toMatch(/readiter\.bpf\.c:\d+:\d+/)
    expect(stderr.match(/expected ';'/g)?.length).toBeLessThanOrEqual(2)
  })

  test('a hook that does not exist', async () => {
    const { status, stderr } = await broken((rig) =>
      rig.edit(PROBE, 'kprobe/ext4_file_read_iter', 'kprobe/ext4_file_read_itre'),
    )
    expect(status).toBe(2)
    expect(stderr).toContain('the kernel has no symbol ext4_file_read_itre')
  })

  test('R-2201-1: a probe that the verifier rejects: instruction, register, once', async () => {
    const { status, stderr } = await broken((rig) =>
      rig.edit(PROBE, 'say("entering copyout");', 'say("entering copyout"); if (*(char *)from == 49) return 1;'),
    )
    expect(status).toBe(2)
    expect(stderr.match(/invalid mem access/g)?.length).toBe(1)
    expect(stderr).toMatch(/instruction \d+: \(/)
    expect(stderr).toMatch(/register R\d/)
    expect(stderr).toContain('bpf_probe_read')
  })

  test('a workload that fails', async () => {
    const { status, stdout } = await broken((rig) => rig.edit('lab.yaml', 'readfile /data/f ', 'readfile /data/none '))
    expect(status).toBe(1)
    expect(stdout).toContain('the workload ended with status 1')
  })

  test('a workload that hangs', async () => {
    const { status, stderr } = await broken((rig) => {
      rig.edit('lab.yaml', 'readfile /data/f --bytes ${bytes} --count ${count}', "sh -c 'sleep 1000' ${bytes} ${count}")
      rig.edit('lab.yaml', 'repeat: 5', 'repeat: 5\n    timeout: 1s')
    })
    expect(status).toBe(1)
    expect(stderr).toContain('did not end within')
  })

  test('a workload that kills the guest: the panic ends the run at once', async () => {
    const { status, stderr } = await broken((rig) =>
      rig.edit(
        'lab.yaml',
        'readfile /data/f --bytes ${bytes} --count ${count}',
        "sh -c 'echo c > /proc/sysrq-trigger' ${bytes} ${count}",
      ),
    )
    expect(status).toBe(1)
    expect(stderr).toContain('the guest died while the workload ran: kernel panic (Kernel panic - not syncing: ')
    expect(stderr).toMatch(/full log: .*\.lab\/logs\/.*\.console\.log/)
  })

  test('a guest without its init: phase, console, a named guess', async () => {
    const { status, stderr } = await broken((rig) =>
      rig.edit('vm-images/minimal/image.yaml', 'init: /usr/sbin/lab-init', 'init: /usr/sbin/no-such-init'),
    )
    expect(status).toBe(69)
    expect(stderr).toContain('no init')
    expect(stderr).toContain('console.log')
  })

  test('KVM that is asked for and does not work is refused; auto says what it took', async () => {
    const rig = new Rig()
    const { status, stderr } = await rig.lab(['run', 'readiter', '--repeat', '1', '--accel', 'kvm'])
    if (status !== 0) {
      expect(status).toBe(69)
      expect(stderr).toContain('KVM does not work on this host')
    }
    rig.remove()
  })
})

describe('nothing is leaked', () => {
  /** Starts a run and waits until its VM boots. */
  async function running(rig: Rig) {
    const started = rig.start(['run', 'readiter', '--repeat', '50'])
    await until('its VM boots', () => qemusOf(rig).length > 0)
    return started
  }

  test('by Ctrl-C: exit 130, no VM, no half result', async () => {
    const rig = new Rig()
    const { child, ended } = await running(rig)
    child.kill('SIGINT')
    expect((await ended).status).toBe(130)
    expect(qemusOf(rig)).toEqual([])
    expect(vmsOf(rig).filter((name) => name.includes('.run-'))).toEqual([])
    rig.remove()
  })

  test('by SIGKILL: the VM dies with its run, and gc removes the rest', async () => {
    const rig = new Rig()
    const { child, ended } = await running(rig)
    child.kill('SIGKILL')
    await ended
    await until('the VM dies, too', () => qemusOf(rig).length === 0)
    expect(((await rig.answer(['gc'])) as { removed: string[] }).removed.length).toBeGreaterThan(0)
    expect(vmsOf(rig)).toEqual([])
    rig.remove()
  })

  test('by two runs at the same time: each has its own VM, both pass', async () => {
    const both = (await Promise.all([1, 2].map(() => lab.answer(['run', 'readiter', '--repeat', '2'])))) as Outcome[][]
    expect(both.flat().map(({ manifest }) => manifest.verdict)).toEqual(['passed', 'passed', 'passed', 'passed'])
    expect(new Set(both.map((runs) => runs[0]?.manifest.guest.bootId)).size).toBe(2)
  })
})
