/** Slurm: why a job was not taken, waits or ended, by the words and states that Slurm has for it. */
import { group, type Answer, type Row } from './row.ts'

type Reasons = readonly (readonly [words: RegExp, cause: string, fix: string])[]

const REFUSED: Reasons = [
  [
    /Invalid account|account\/partition/,
    'the account (-A) does not exist, is not yours, or may not use this partition',
    'sacctmgr show assoc user=$USER format=account,partition,qos lists what you have',
  ],
  [/Invalid partition/, 'there is no partition of this name', 'sinfo -s lists the partitions; -p NAME chooses one'],
  [
    /[Nn]ode configuration is not available|CPU count per node|Node count specification|More processors/,
    'no node of the partition has what is asked for together: CPUs, memory, GPUs and features on one node',
    'sinfo -N -o "%N %c %m %G %f" shows what the nodes have; ask for less on each, or for more nodes',
  ],
  [
    /violates accounting\/QOS|QOSMax|AssocMax|AssocGrp/,
    'a limit of the account or QOS is reached: jobs, CPUs, memory or time of one user',
    'sacctmgr show qos format=name,maxwall,maxtrespu,maxjobspu; wait for other jobs, or ask for less',
  ],
  [
    /[Tt]ime limit/,
    'the time that is asked for is longer than the partition allows, or is in no form that Slurm reads',
    'sinfo -o "%P %l" shows the limits; --time=HH:MM:SS, or D-HH:MM:SS',
  ],
  [
    /gres|generic resource/,
    'the cluster has no such generic resource, or not so many on one node',
    'sinfo -o "%N %G"; --gres=gpu:1 and --gpus need GresTypes and gres.conf on the nodes',
  ],
  [
    /[Mm]emory (?:required|specification)/,
    'no node (or the allocation that srun runs in) has so much memory left: a step cannot have more than its job, and RealMemory of slurm.conf counts',
    'a smaller --mem; srun --mem=0 takes all that the job has; sinfo -o "%N %m"',
  ],
  [/qos/i, 'the QOS does not exist or is not yours', 'sacctmgr show assoc user=$USER format=account,qos'],
  [
    /nodes are busy|down, drained/,
    'all nodes that could run it are in use, down or drained, and --immediate (or the partition) does not let it wait',
    'sinfo -R; without --immediate the job waits',
  ],
  [
    /Unable to contact|timed out|Zero Bytes|[Cc]onnection refused/,
    'slurmctld does not answer',
    'scontrol ping; systemctl status slurmctld on its host',
  ],
  [
    /Invalid user|[Pp]ermission denied|Access\/permission/,
    'the user is not known on the host of slurmctld, or may not use the partition',
    'id $USER on the controller and on the nodes must give the same number; AllowGroups and AllowAccounts of the partition',
  ],
  [
    /authentication|credential/,
    'munge does not run, or its keys or the clocks differ',
    'munge -n | unmunge; munge -n | ssh NODE unmunge',
  ],
  [/feature/i, 'no node has the feature of --constraint', 'sinfo -o "%N %f" lists the features'],
  [
    /dependency/i,
    'the job of --dependency is not known any more, or cannot be fulfilled',
    'squeue and sacct: is that job still there?',
  ],
  [
    /Incompatible versions/,
    'client and controller are of releases that are too far apart',
    'the daemons may be two releases newer than the clients, not older: update slurmdbd, slurmctld, slurmd, clients in this order',
  ],
  [
    /writing script|No space/,
    'StateSaveLocation of the controller is full or cannot be written',
    'df on the host of slurmctld',
  ],
  [
    /Invalid job id|already completing|completed/,
    'the job is over or was never there',
    'squeue -u $USER; sacct -j JOB',
  ],
  [/node name/i, 'there is no node of this name in slurm.conf', 'scontrol show nodes; -w NAME must be one of them'],
]

const WAITING: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  Resources: [
    'it waits for CPUs, memory or nodes to become free',
    'squeue --start -j JOB estimates when; ask for less',
  ],
  Priority: ['jobs of higher priority stand before it', 'squeue --start -j JOB; sprio -j JOB shows its priority'],
  ReqNodeNotAvail: [
    'a node that it needs is down, drained or reserved (often: the time limit of the job reaches into a reservation for maintenance)',
    'sinfo -R; scontrol show reservation; a shorter --time',
  ],
  PartitionTimeLimit: [
    'its time limit is longer than that of the partition',
    'scontrol update JobId=JOB TimeLimit=...',
  ],
  PartitionNodeLimit: ['it asks for more nodes than the partition gives', 'fewer nodes, or another partition'],
  PartitionDown: ['the partition is down', 'scontrol show partition; ask the administrator'],
  BadConstraints: [
    'no node can ever fulfil what it asks for',
    'compare with sinfo -N -o "%N %c %m %G %f"; submit it again',
  ],
  DependencyNeverSatisfied: [
    'the job that it depends on failed or is gone: it will never run',
    'scancel it; --kill-on-invalid-dep=yes does so by itself',
  ],
  JobHeldAdmin: ['an administrator holds it', 'scontrol show job JOB; ask the administrator'],
  JobHeldUser: ['its user holds it', 'scontrol release JOB'],
  launch: ['its start failed, and Slurm put it back and holds it', 'slurmd.log of the node; then scontrol release JOB'],
  AssocGrpCpuLimit: ['the CPUs of the account are all in use', 'wait for other jobs of the account'],
  QOSMaxJobsPerUserLimit: ['the QOS allows no more jobs of this user at a time', 'wait for other jobs'],
}

const ENDED: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  OUT_OF_ME: ['the job used more memory than it asked for', '--mem=8G; sacct -j JOB --format=JobID,ReqMem,MaxRSS'],
  TIMEOUT: ['the job ran longer than its time limit', '--time=HH:MM:SS'],
  NODE_FAIL: ['a node of the job stopped answering', 'submit it again; sinfo -R; dmesg of the node'],
  BOOT_FAIL: ['the node did not come up for the job', 'slurmctld.log; submit it again'],
  PREEMPTED: ['a job of higher priority took its place', 'submit it again, or use --requeue'],
  DEADLINE: ['its deadline (--deadline) passed', 'a later deadline or a shorter job'],
}

const BAD_TASK: Readonly<Record<string, string>> = {
  126: 'the program could not be executed: no permission, or of another architecture',
  127: 'a command of the script was not found on the node: its module or PATH is not there',
  137: 'it was killed (SIGKILL), usually for memory',
  139: 'it crashed (SIGSEGV)',
  143: 'it was told to end (SIGTERM): a time limit or scancel',
}

const refusal = (words: string): Answer => {
  const [, cause, fix] = REFUSED.find(([pattern]) => pattern.test(words)) ?? []
  return {
    what: `Slurm refuses the job: ${words}`,
    cause: cause ?? 'Slurm refuses what the job asks for; the text after the colon is all that it says',
    fixes: [fix ?? 'slurmctld.log on the controller has the reason; sinfo and scontrol show partition what there is'],
    confidence: cause === undefined ? 'possible' : 'likely',
    sources: ['src/common/slurm_errno.c of Slurm'],
  }
}

export const SLURM_ROWS: readonly Row[] = [
  {
    rule: 'environment module',
    needle: ['locate a modulefile', 'module(s) are unknown', 'module(s) exist but cannot be loaded'],
    pattern:
      /Unable to locate a modulefile for '([^']+)'|following module\(s\) (?:are unknown|exist but cannot be loaded as requested)(?:: "?([^"]+)"?)?/,
    answer: (match) => ({
      what: `there is no module ${match[1] ?? match[2] ?? 'of this name'} to load`,
      cause:
        'the cluster has no module of this name and version, it stands behind another one (a compiler or MPI that has to be loaded first), or MODULEPATH of this node is another',
      fixes: [
        'module avail, module spider NAME (Lmod) list what there is and what it needs; module use DIRECTORY',
        'run the module command on the kind of node where the job runs: login nodes may have others',
      ],
      confidence: 'likely',
      sources: ['module(1)'],
    }),
  },
  {
    rule: 'slurm: job refused',
    needle: ['submission failed: ', 'allocate resources: ', 'create step for job', 'can not be satisfied'],
    pattern:
      /(?:Batch job submission failed|Unable to (?:allocate resources|create step for job \S+)|[Aa]llocation failure|Unable to confirm allocation for job \S+): (.{3,160})|(?:sbatch|srun|salloc): error: ((?:Memory specification|CPU count per node|Node count specification) can not be satisfied)/,
    answer: (match) => refusal((match[1] ?? group(match, 2)).trim()),
  },
  {
    rule: 'slurm: task failed',
    needle: ['srun: error: '],
    pattern:
      /srun: error: (\S+): tasks? ([\d,-]+): (?:Exited with exit code (\d+)|(Killed|Terminated|Aborted|Segmentation fault|Bus error|Illegal instruction|Floating point exception)\b.*)/,
    key: (match) => `${match[3]} ${match[4]}`,
    answer: (match) => {
      const [, node, tasks, code, signal] = match
      const status = signal === 'Killed' ? '137' : signal === 'Segmentation fault' ? '139' : (code ?? '')
      return {
        what: `task ${tasks} on ${node} ended: ${code === undefined ? (signal ?? '') : `exit code ${code}`}`,
        cause: BAD_TASK[status] ?? 'the program of the task failed by itself: what it printed says why',
        fixes: [
          'read the output of the task above this line (--label shows which task printed it)',
          'sacct -j JOB --format=JobID,State,ExitCode,MaxRSS; ExitCode is CODE:SIGNAL',
        ],
        confidence: 'likely',
        sources: ['srun(1)'],
      }
    },
  },
  {
    rule: 'slurm: job waits',
    needle: [
      '(ReqNodeNotAvail',
      '(Resources)',
      '(Priority)',
      'Limit)',
      '(PartitionDown',
      '(BadConstraints',
      '(Dependency',
      '(JobHeld',
      '(launch failed',
    ],
    pattern:
      /\s(?:PD|PENDING|CF)\s.*\((ReqNodeNotAvail|Resources|Priority|Partition\w+|BadConstraints|DependencyNeverSatisfied|JobHeld\w+|launch|AssocGrp\w+|QOSMax\w+)\b[^)]*\)/,
    key: (match) => group(match, 1),
    answer: (match) => {
      const name = group(match, 1)
      const [cause, fix] = WAITING[name] ?? [
        'a limit of its account, QOS or partition is reached',
        'squeue -j JOB -o "%r"; sacctmgr show qos',
      ]
      return { what: `a job waits: ${name}`, cause, fixes: [fix], sources: ['squeue(1): JOB REASON CODES'] }
    },
  },
  {
    rule: 'slurm: how a job ended',
    needle: ['OUT_OF_ME', 'TIMEOUT ', 'NODE_FAIL', 'BOOT_FAIL', 'PREEMPTED', 'DEADLINE'],
    pattern: /^\s*\d[\w.+-]*\s.*\b(OUT_OF_ME|TIMEOUT|NODE_FAIL|BOOT_FAIL|PREEMPTED|DEADLINE)(?:MORY|\+)?\s+(\d+:\d+)/,
    key: (match) => group(match, 1),
    answer: (match) => {
      const [cause, fix] = ENDED[group(match, 1)] ?? ['', '']
      return {
        what: `a job ended with ${group(match, 1).replace('OUT_OF_ME', 'OUT_OF_MEMORY')}`,
        cause,
        fixes: [fix],
        sources: ['sacct(1)'],
      }
    },
  },
]
