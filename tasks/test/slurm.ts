/**
 * A cluster of Slurm on this machine, for tests: munged, slurmctld and two slurmd on free loopback ports, with their
 * state in a directory of their own. Everything runs as one user; as root, munged runs as the user munge, since it
 * refuses root.
 */
import { killNow } from './kill-now.ts'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { which } from '../host/which.ts'
import { until } from './until.ts'

/** Daemons are in sbin, which a user's PATH lacks. */
const PROGRAM_DIRS = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

/** Why there can be no cluster here; undefined where there can be one. */
export function noSlurm(): string | undefined {
  const lacking = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'setpriv'].filter(
    (program) => which(program, PROGRAM_DIRS) === undefined,
  )
  return lacking.length === 0 ? undefined : `${lacking.join(', ')} not installed (packages slurm-wlm, munge)`
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/**
 * Lines of slurm.conf(5) that are the same in each cluster. A job in `urgent` takes the place of those in other
 * partitions.
 */
const SETTINGS = `ClusterName=lab
AuthType=auth/munge
CredType=cred/munge
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MinJobAge=600
MaxArraySize=1001
MaxJobCount=20000
JobRequeue=1
UnkillableStepTimeout=60
SchedulerParameters=sched_interval=2,batch_sched_delay=0,default_queue_depth=1000,requeue_delay=0
`

/** Slurm looks at the memory of a task each second, and kills one that uses more than it asked for. */
const WATCHED = `TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
`
const GROUPED = 'TaskPlugin=task/cgroup\n'
/** cgroup.conf(5) */
const GROUPS = `CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
ConstrainRAMSpace=yes
`
const GROUP_DIR = '/sys/fs/cgroup/memory'

/** Why Slurm cannot make memory cgroups here; undefined where it can. */
export function noMemoryGroups(): string | undefined {
  try {
    accessSync(join(GROUP_DIR, 'tasks'), constants.W_OK)
    return undefined
  } catch {
    return `no memory cgroup (v1) that may be written: ${GROUP_DIR}`
  }
}

export class Cluster {
  readonly dir: string
  readonly nodes: readonly string[]
  readonly #ports: readonly number[]
  readonly #daemons = new Map<string, ChildProcess>()

  private constructor(dir: string, nodes: readonly string[], ports: readonly number[]) {
    this.dir = dir
    this.nodes = nodes
    this.#ports = ports
  }

  /**
   * @param nodes their names; each has two CPUs
   * @param grouped the kernel kills for memory, in cgroups of the jobs, and not Slurm (`noMemoryGroups`)
   */
  static async start(nodes: readonly string[] = ['n1', 'n2'], grouped = false): Promise<Cluster> {
    const dir = mkdtempSync(join(tmpdir(), 'lab-slurm-'))
    const cluster = new Cluster(dir, nodes, await freePorts(nodes.length + 1))
    try {
      cluster.#configure(grouped)
      await cluster.#startMunge()
      cluster.#daemon('slurmctld', ['slurmctld', '-D', '-i'])
      for (const node of nodes) cluster.startNode(node)
      await until('all nodes are idle', () => {
        if (cluster.#hasEnded('slurmctld')) throw new Error('slurmctld has ended')
        const states = cluster.ask(['sinfo', '-h', '-N', '-o', '%T', '-p', 'main']).trim()
        return states === nodes.map(() => 'idle').join('\n') || undefined
      })
      return cluster
    } catch (error) {
      const log = readFileSync(join(dir, 'log/slurmctld'), 'utf8')
      await cluster[Symbol.asyncDispose]()
      throw new Error(`Slurm did not start: ${log.slice(-2000)}`, { cause: error })
    }
  }

  /** What programs of Slurm need to find this cluster. */
  get env(): Record<string, string> {
    return { SLURM_CONF: join(this.dir, 'slurm.conf'), PATH: PROGRAM_DIRS }
  }

  #configure(grouped: boolean): void {
    const { dir, nodes } = this
    if (grouped) writeFileSync(join(dir, 'cgroup.conf'), GROUPS)
    const [controller, ...ports] = this.#ports
    const { username } = userInfo()
    for (const name of ['state', 'log']) mkdirSync(join(dir, name))
    // slurm.conf(5)
    writeFileSync(
      join(dir, 'slurm.conf'),
      `${SETTINGS}${grouped ? GROUPED : WATCHED}SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=${username}
SlurmdUser=${username}
AuthInfo=socket=${dir}/munge/socket
StateSaveLocation=${dir}/state
SlurmctldPidFile=${dir}/slurmctld.pid
SlurmctldLogFile=${dir}/slurmctld.log
SlurmdSpoolDir=${dir}/spool-%n
SlurmdPidFile=${dir}/slurmd-%n.pid
SlurmdLogFile=${dir}/slurmd-%n.log
${nodes
  .map(
    (node, at) =>
      `NodeName=${node} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${ports[at]} CPUs=2 RealMemory=4096 State=UNKNOWN\n`,
  )
  .join('')}PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=short Nodes=ALL MaxTime=1 State=UP
PartitionName=again Nodes=ALL PriorityTier=1 PreemptMode=REQUEUE GraceTime=2 State=UP
PartitionName=gone Nodes=ALL PriorityTier=1 PreemptMode=CANCEL GraceTime=2 State=UP
PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF State=UP
`,
    )
  }

  async #startMunge(): Promise<void> {
    const dir = join(this.dir, 'munge')
    mkdirSync(dir, { mode: 0o755 })
    chmodSync(this.dir, 0o755)
    writeFileSync(join(dir, 'key'), randomBytes(128), { mode: 0o400 })
    const asRoot = process.getuid?.() === 0
    if (asRoot) {
      const id = (flag: string) => Number(spawnSync('id', [flag, 'munge'], { encoding: 'utf8' }).stdout.trim())
      for (const path of [dir, join(dir, 'key')]) chownSync(path, id('-u'), id('-g'))
    }
    const flags = ['socket', 'key-file', 'pid-file', 'log-file', 'seed-file']
    this.#daemon('munged', [
      ...(asRoot ? ['setpriv', '--reuid=munge', '--regid=munge', '--clear-groups'] : []),
      'munged',
      '--foreground',
      '--num-threads=1',
      ...flags.map((flag) => `--${flag}=${join(dir, flag === 'key-file' ? 'key' : flag)}`),
    ])
    await until('munged has a socket', () => existsSync(join(dir, 'socket')) || undefined)
  }

  #daemon(name: string, argv: readonly string[]): void {
    const log = openSync(join(this.dir, 'log', name), 'a')
    const child = spawn(argv[0] ?? '', argv.slice(1), {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'ignore', log],
      detached: true,
    })
    closeSync(log)
    this.#daemons.set(name, child)
  }

  #hasEnded(name: string): boolean {
    const child = this.#daemons.get(name)
    return child === undefined || child.exitCode !== null || child.signalCode !== null
  }

  startNode(node: string): void {
    this.#daemon(node, ['slurmd', '-D', '-N', node])
  }

  /** Processes of the jobs of a node, and what starts them. */
  #jobsOf(node: string): number[] {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return []
      try {
        const ours = readFileSync(`/proc/${name}/environ`, 'utf8').includes(this.dir)
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8')
        const starter = words.startsWith('slurmstepd')
        const job = readFileSync(`/proc/${name}/environ`, 'utf8').includes(`SLURMD_NODENAME=${node}\0`)
        return ours && (starter || job) ? [Number(name)] : []
      } catch {
        return []
      }
    })
  }

  /**
   * Ends a node without a word, as a power cut does: its daemon first, so that nobody tells the controller. Only with
   * one node at work.
   */
  async killNode(node: string): Promise<void> {
    const child = this.#daemons.get(node)
    child?.kill('SIGKILL')
    await until(`slurmd of ${node} is gone`, () => (child?.exitCode ?? child?.signalCode ?? undefined) !== undefined)
    for (const pid of this.#jobsOf(node)) killNow(pid)
    await until(`nothing of ${node} runs`, () => this.#jobsOf(node).length === 0 || undefined)
  }

  /** What a program of Slurm prints. */
  ask(argv: readonly string[]): string {
    const { stdout } = spawnSync(argv[0] ?? '', argv.slice(1), {
      env: { ...process.env, ...this.env },
      encoding: 'utf8',
    })
    return stdout
  }

  /** The states of jobs, by `array_task`, as long as Slurm knows them. */
  states(): Map<string, string> {
    const lines = this.ask(['squeue', '-h', '-a', '-r', '--states=all', '-o', '%i %T']).trim().split('\n')
    return new Map(lines.filter(Boolean).map((line) => line.split(' ') as [string, string]))
  }

  /** Waits until no job is waiting or running. */
  async idle(): Promise<void> {
    await until('the queue is empty', () => this.ask(['squeue', '-h', '-r']).trim() === '' || undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ask(['scancel', '--user', userInfo().username])
    for (const name of [...this.nodes, 'slurmctld', 'munged']) {
      const child = this.#daemons.get(name)
      if (child === undefined || this.#hasEnded(name)) continue
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await gone
      clearTimeout(killer)
    }
    // Slurm leaves the groups of its nodes.
    for (const node of this.nodes)
      spawnSync('find', [join(GROUP_DIR, `slurm_${node}`), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'])
    rmSync(this.dir, { recursive: true, force: true })
  }
}
