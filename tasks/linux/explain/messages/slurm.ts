/** Slurm: jobs that were refused, ended or never started, and daemons that do not find one another. */
import type { PrintfKind } from './printf.ts'

export const SLURM_KINDS: readonly PrintfKind[] = [
  {
    rule: 'slurm: out of memory',
    formats: `
Detected %d oom_kill event%s
Detected %d oom-kill event(s) in %s
Exceeded job memory limit
Exceeded step memory limit
exceeded memory limit (%s), being killed
task %d: Out Of Memory
tasks %s: Out Of Memory`,
    cause:
      'the processes of the job used more memory than the job asked for, and the kernel killed one of them in the cgroup of the job',
    fixes: [
      'ask for more: --mem=8G for each node, or --mem-per-cpu; sacct -j JOB --format=JobID,State,ReqMem,MaxRSS shows what it used',
      'a VM in the job takes its -m and some 500 MB for QEMU; tmpfs (/dev/shm, /tmp on some clusters) counts too',
    ],
    sources: ['src/slurmd/slurmstepd of Slurm'],
  },
  {
    rule: 'slurm: time limit',
    formats: `
DUE TO TIME LIMIT
DUE to TIME LIMIT`,
    cause: 'the job ran longer than its limit (--time, or the default of the partition), and Slurm ended it',
    fixes: [
      '--time=04:00:00; sinfo -o "%P %l" shows the limits of the partitions',
      'split the work into shorter jobs; --signal=B:TERM@120 lets the script clean up before the end',
    ],
    sources: ['sbatch(1)'],
  },
  {
    rule: 'slurm: job ended from outside',
    formats: `
DUE TO PREEMPTION
DUE TO NODE FAILURE
DUE TO JOB NOT ENDING WITH SIGNALS
DUE TO JOB REQUEUE`,
    cause:
      'not the job failed but its place: a job of higher priority took the node, the node stopped answering, or processes did not end when they were told to (they hang in the kernel, in state D)',
    fixes: [
      'submit it again (--requeue lets Slurm do it); scontrol show node NODE says why the node is down',
      'a partition or QOS without preemption; dmesg of the node shows hung tasks and machine errors',
    ],
    sources: ['sbatch(1)', 'slurm.conf(5): PreemptMode, UnkillableStepTimeout'],
  },
  {
    rule: 'slurm: job cancelled',
    formats: `
CANCELLED AT %s ***
Job has been cancelled
Job step aborted: Waiting up to %d seconds for job step to finish.`,
    cause:
      'the job or step was ended by scancel, by ^C of srun, or because one of its tasks failed and --kill-on-bad-exit is set: this line does not say why',
    fixes: [
      'look at the errors above it; sacct -j JOB --format=JobID,State,ExitCode,Reason has the state of each step',
    ],
    confidence: 'likely',
    sources: ['srun(1)'],
  },
  {
    rule: 'slurm: controller does not answer',
    formats: `
Unable to contact slurm controller
Slurm controller not responding
Unable to contact the slurm controller
Unable to establish configuration source
_establish_configuration: failed to load configs
Could not establish a configuration source
failed to fetch remote configs: %s
Socket timed out on send/recv operation
Unable to register: %s`,
    cause:
      'slurmctld does not run, cannot be reached (host name, firewall, ports 6817 and 6818), or is too busy to answer',
    fixes: [
      'on its host: systemctl status slurmctld, tail /var/log/slurm/slurmctld.log; scontrol ping from here',
      'SlurmctldHost in slurm.conf must be a name that this host resolves; all hosts need the same slurm.conf',
    ],
    confidence: 'likely',
    sources: ['slurm.conf(5)'],
  },
  {
    rule: 'slurm: munge',
    formats: `
Munge encode failed: %s
Munge decode failed: %s
If munged is up, restart with
Failed to access "%s": %s
Unable to initialize auth/munge
authentication: Invalid credential
Protocol authentication error
Invalid job credential
Rewound credential
Expired credential`,
    cause:
      'the hosts cannot prove to one another who they are: munged does not run, its key differs between the hosts, or their clocks differ by more than five minutes',
    fixes: [
      'munge -n | unmunge here; munge -n | ssh NODE unmunge across hosts; systemctl status munge',
      'the same /etc/munge/munge.key (owner munge, mode 0400) on all hosts; chronyc tracking or timedatectl on both',
    ],
    confidence: 'likely',
    sources: ['munge(7)'],
  },
  {
    rule: 'slurm: cgroups',
    formats: `
Hybrid mode is not supported
cgroup namespace '%s' not mounted
cannot create proctrack context for %s
unable to create cgroup '%s'
unable to add task[pid=%d] to memory cg
unable to add pids to '%s'
unable to instanciate %s cgroup
common_file_write_uints: write value '%s' to '%s' failed: %s
common_file_write_content: unable to write %s
Unable to initialize cgroup plugin
cannot find cgroup plugin for %s
cgroup_dbus_attach_to_scope: %s
not writing configuration '%s' to cgroup`,
    cause:
      'slurmd cannot set up the cgroup of the job: the host mixes cgroup v1 and v2, the plugin is for the other version, a controller is not enabled for the parent group, or a cpuset has no CPUs yet ("No space left on device" means that here, and too many groups on kernels before 4.5; no disk is full)',
    fixes: [
      'mount | grep cgroup; one version only: systemd.unified_cgroup_hierarchy=1 on the command line of the kernel and CgroupPlugin=cgroup/v2 in cgroup.conf',
      'cat /sys/fs/cgroup/cgroup.controllers; CPUs, sockets and cores of the node in slurm.conf must be those of slurmd -C',
      'in a container or WSL: ProctrackType=proctrack/linuxproc and TaskPlugin=task/none do without cgroups',
    ],
    confidence: 'likely',
    sources: ['cgroup.conf(5)', 'https://slurm.schedmd.com/cgroup_v2.html'],
  },
  {
    rule: 'slurm: node is not as configured',
    formats: `
Node configuration differs from hardware: %s
has low real_memory size
has low cpu count
has low socket*core%s count
Unable to determine this slurmd's NodeName
Setting node %s state to DRAIN
Low RealMemory (reported:%s
appears to have a different slurm.conf`,
    cause:
      'the description of the node in slurm.conf is not what slurmd finds (CPUs, sockets, memory, name): Slurm drains such a node, or does not start on it',
    fixes: [
      'slurmd -C on the node prints the line for slurm.conf; then scontrol reconfigure, and scontrol update NodeName=NODE State=RESUME',
      'SlurmdParameters=config_overrides takes the configuration as it is (for tests)',
    ],
    sources: ['slurm.conf(5)'],
  },
  {
    rule: 'slurm: task does not start',
    formats: `
error: execve(): %s: %s
couldn't chdir to \`%s': %s
couldn't chdir to '%s': %s
Slurmd could not execve job
Slurmd could not set up environment for batch job
Task launch for %s failed on node %s: %s
Application launch failed: %s
timeout waiting for task launch
Could not open stdout file %s: %s
Could not open stderr file %s: %s
IO setup failed: %s`,
    cause:
      'the node cannot start what the job names: the program, directory or output file is not there (a home that this node does not mount, a relative path), or another error of slurmstepd stands above it',
    fixes: [
      'srun -w NODE ls -l FILE; use paths on a file system that all nodes share; --chdir and --output name directory and file',
      'module and ml are functions of the shell and no programs: srun bash -lc "module load NAME && PROGRAM"',
      'the log of slurmd on the node (/var/log/slurm/slurmd.log) has the first error',
    ],
    confidence: 'likely',
    sources: ['src/slurmd/slurmstepd of Slurm'],
  },
  {
    rule: 'slurm: batch script',
    formats: `
This does not look like a batch script
Batch script contains DOS line breaks
Batch script is empty
sbatch: error: Unable to open file %s`,
    cause:
      'sbatch does not take the script: it has no #! line, has line ends of Windows, is empty, or is not where sbatch looks',
    fixes: ['#!/bin/bash as the first line; sed -i "s/\\r$//" SCRIPT; --wrap="COMMAND" needs no script'],
    sources: ['sbatch(1)'],
  },
  {
    rule: 'slurm: waits for resources',
    formats: `
queued and waiting for resources
Required node not available (down, drained or reserved)`,
    cause: 'the job waits: its nodes are used by others, or are down, drained or reserved',
    fixes: [
      'squeue -j JOB -o "%T %r" says what it waits for; sinfo -R lists nodes that are down and why',
      'scontrol update NodeName=NODE State=RESUME (for the administrator) when the reason is gone',
    ],
    confidence: 'likely',
    sources: ['squeue(1)'],
  },
  {
    rule: 'slurm: accounting',
    formats: `
slurm_persist_conn_open%s: failed to open persistent connection to %s
slurm_persist_conn_open%s: Something happened with the receiving/processing
Unable to connect to database
Sending PersistInit msg: %s`,
    cause: 'slurmdbd, which keeps the accounting, does not run or cannot be reached on port 6819',
    fixes: [
      'systemctl status slurmdbd mariadb on AccountingStorageHost',
      'without accounting: AccountingStorageType=accounting_storage/none in slurm.conf; sacct then has nothing to show',
    ],
    confidence: 'likely',
    sources: ['slurmdbd.conf(5)'],
  },
]
