/** Services, libvirt and nodes of a cluster: a unit that failed, a daemon that does not answer. */
import { errnoOf } from './errno.ts'
import type { PrintfKind } from './printf.ts'
import { group, type Answer, type Row } from './row.ts'

/** A service failed, and its own words say why: left out where anything else is known. */
export const UNIT_RULE = 'a service failed'
export const MONITOR_RULE = 'libvirt: QEMU ended'

export const DAEMON_KINDS: readonly PrintfKind[] = [
  {
    rule: 'libvirt: no connection',
    formats: `
error: failed to connect to the hypervisor
Failed to connect socket to '%slibvirt%s': %s
Failed to connect socket to '%svirtqemud%s': %s
unable to connect to server at '%s': %s
authentication unavailable: no polkit agent available to authenticate action`,
    cause:
      'libvirtd (virtqemud in newer releases) does not run, or this user may not use its socket: qemu:///session and qemu:///system are two different ones',
    fixes: [
      'sudo systemctl start libvirtd (or virtqemud.socket); the user in the group libvirt, after a new login',
      'virsh -c qemu:///system list; LIBVIRT_DEFAULT_URI sets the default',
    ],
    confidence: 'likely',
    sources: ['https://libvirt.org/daemons.html'],
  },
  {
    rule: MONITOR_RULE,
    formats: `
process exited while connecting to monitor%s
unexpectedly closed the monitor%s
Unable to read from monitor: %s
qemu exited unexpectedly with exit code %d
QEMU exited unexpectedly`,
    cause:
      'QEMU ended while libvirt (or podman) talked to it: the reason is in the words of QEMU behind this line, or in /var/log/libvirt/qemu/NAME.log',
    fixes: [
      'tail /var/log/libvirt/qemu/NAME.log; dmesg | grep -iE "killed process|denied" shows the OOM killer and AppArmor',
    ],
    confidence: 'likely',
    sources: ['src/qemu/qemu_monitor.c of libvirt'],
  },
  {
    rule: 'libvirt: domain or network',
    formats: `
network '%s' is not active
Network not found: no network with matching name '%s'
could not find capabilities for domaintype=kvm
Cannot access storage file '%s'
Domain not found: no domain with matching name '%s'
Requested operation is not valid: domain is %s`,
    cause:
      'the domain cannot be started as it is defined: its network is not started, its disk cannot be read by the user of QEMU, or this host has no KVM',
    fixes: [
      'virsh net-start default; virsh net-autostart default; chmod o+x on each directory above the image (or move it to /var/lib/libvirt/images)',
      'ls -l /dev/kvm; type="qemu" instead of "kvm" in the domain runs without it',
    ],
    confidence: 'likely',
    sources: ['https://libvirt.org/formatdomain.html'],
  },
  {
    rule: 'qemu: modules of another build',
    formats: `
Failed to open module: %s`,
    cause:
      'QEMU finds modules (block-*.so, ui-*.so) that belong to another build of it: half of an update, or libraries of a snap or of /usr/local that come first',
    fixes: ['apt install --reinstall qemu-system-x86 qemu-block-extra; env | grep LD_LIBRARY_PATH'],
    confidence: 'likely',
    sources: ['util/module.c of QEMU'],
  },
  {
    rule: 'slurm: configuration',
    formats: `
Duplicated NodeHostName %s
Duplicated NodeName %s
Parsing error at unrecognized key: %s
fatal: Unable to process configuration file
fatal: No SlurmctldHost specified
fatal: Invalid node name specified in %s
slurmdbd is not available.  Sleeping
slurmctld is not available.  Sleeping`,
    cause:
      'slurm.conf (or the file that the message names) has a mistake, or a daemon waits for another one that does not start: two nodes of one NodeHostName need different ports, and a daemon with multiple slurmd support',
    fixes: [
      'the first "fatal:" in the log of slurmctld or slurmdbd is the reason: slurmctld -D -vv in the foreground prints it',
      'nodes on one host: NodeName=n[1-4] NodeHostname=HOST Port=[7001-7004] and --enable-multiple-slurmd; for a container: the host name must be SlurmctldHost',
    ],
    confidence: 'likely',
    sources: ['slurm.conf(5)'],
  },
]

const STATUS: Readonly<Record<string, string>> = {
  '203/EXEC':
    'systemd could not start the program: it is not there, may not be executed (SELinux too), or is for another architecture',
  '217/USER': 'the user of the unit does not exist',
  '200/CHDIR': 'the working directory of the unit does not exist',
  '226/NAMESPACE':
    'a directory of its sandbox (ReadWritePaths, PrivateTmp) is not there, or a container allows no namespaces',
  '127/n/a': 'a command of its script was not found',
  '9/KILL': 'it was killed: memory ran out, or it did not stop in time',
  '11/SEGV': 'it crashed',
  '6/ABRT': 'it gave up by itself (abort), or the watchdog ended it',
}

const KVM_CREATE: Readonly<Record<string, Answer>> = {
  ENOMEM: {
    cause:
      'the kernel of the host had no memory for another VM: memory is short, or the cgroup (container, snap, systemd unit) allows no more',
    fixes: ['free -m; systemctl show UNIT -p MemoryMax; end other VMs; a smaller -m does not help here by itself'],
  },
  EBUSY: {
    cause: 'another hypervisor uses the virtualisation of the CPU: VirtualBox or VMware',
    fixes: ['stop its VMs; sudo rmmod vboxnetflt vboxnetadp vboxdrv'],
  },
}

export const DAEMON_ROWS: readonly Row[] = [
  {
    rule: 'kvm: no virtual machine',
    needle: 'KVM_CREATE_VM',
    pattern: /ioctl\(KVM_CREATE_VM\) failed: (\d+) (.{3,60})/,
    answer: (match) => {
      const errno = errnoOf(group(match, 1))
      const known = KVM_CREATE[errno ?? '']
      return {
        what: `KVM makes no VM: ${errno ?? group(match, 2)}`,
        cause: known?.cause ?? 'the kernel of the host refuses to make a VM: the number says why',
        fixes: [...(known?.fixes ?? []), 'dmesg | tail; -accel tcg does without KVM'],
        confidence: known === undefined ? 'possible' : 'likely',
        sources: ['virt/kvm/kvm_main.c'],
      }
    },
  },
  {
    rule: UNIT_RULE,
    needle: ['ain process exited, code=', 'Failed with result ', ': ERROR (spawn error)'],
    pattern:
      /(\S+\.(?:service|mount|socket|scope)): (?:[Mm]ain process exited, code=(\w+), status=(\S+)|Failed with result '([\w-]+)')|(\S+): ERROR \(spawn error\)/,
    key: (match) => match[1] ?? group(match, 5),
    answer: (match) => {
      const unit = match[1] ?? group(match, 5)
      const status = match[3] ?? match[4] ?? ''
      return {
        what: `${unit} failed${status === '' ? '' : ` (${status})`}`,
        cause:
          STATUS[status] ??
          (match[4] === 'oom-kill'
            ? 'memory ran out'
            : match[4] === 'timeout'
              ? 'it did not say in time that it is ready (a Type=notify or PIDFile that does not fit, or it hangs)'
              : 'the program of the service ended by itself: its last words in the journal say why'),
        fixes: [
          match[1] === undefined
            ? 'supervisorctl tail NAME stderr; run the command of the program by hand'
            : `journalctl -u ${unit} -b --no-pager | tail -30, then run its ExecStart by hand (systemctl cat ${unit})`,
        ],
        confidence: 'likely',
        sources: ['systemd.exec(5): process exit codes'],
      }
    },
  },
  {
    rule: 'slurm: nodes are down',
    needle: ['down', 'drain', 'unk*', 'Not responding'],
    pattern:
      /^\S+\s+(?:(?:up|down|inact)\s+\S+\s+\d+|\d+\s+\S+)\s+(down|drain|drained|drng|fail|unk)([*~#$@+-]?)(?:\s|$).*$/,
    key: (match) => group(match, 1),
    answer: (match) => ({
      what: `sinfo shows nodes that are ${match[1]}${match[2] === '*' ? ' and do not answer' : ''}`,
      cause:
        match[2] === '*'
          ? 'slurmctld cannot reach slurmd on these nodes: it does not run, the name or port is wrong, a firewall stands between (6818), or munge does not agree'
          : 'the nodes were taken out: they did not answer for a while (and ReturnToService is 0), rebooted unexpectedly, or have less CPUs or memory than slurm.conf says',
      fixes: [
        'sinfo -R and scontrol show node NODE give the reason; systemctl status slurmd and slurmd -D -vv on the node',
        'scontrol update NodeName=NODE State=RESUME afterwards; ReturnToService=1 or 2 in slurm.conf',
      ],
      confidence: 'likely',
      sources: ['sinfo(1): NODE STATE CODES'],
    }),
  },
  {
    rule: 'runtime of containers not found',
    needle: 'register runtime socket',
    pattern: /failed to register runtime socket stat (\S+): (.*)/,
    key: () => '',
    cause:
      'the agent looks for the sockets of all container runtimes, and this one is not there: it only cannot name containers of that runtime. It is no error where another runtime is used',
    fixes: ['nothing; in a container mount the socket of the runtime that is used (-v /var/run:/var/run:ro)'],
    sources: ['pkg/containers/runtime of Tracee'],
  },
  {
    rule: 'nobody listens on a socket',
    needle: ['nc: connect to ', 'Failed to connect to '],
    pattern:
      /(?:nc: connect to (\S+)(?: \([^)]*\))? port (\d+) \(tcp\) failed|curl: \(7\) Failed to connect to (\S+) port (\d+)[^:]*): (Connection refused|No route to host|Connection timed out|Couldn't connect to server)/,
    answer: (match) => ({
      what: `${match[1] ?? match[3]} port ${match[2] ?? match[4]}: ${match[5]}`,
      cause: 'nothing listens on that port (yet), the host is down, or a firewall stands between',
      fixes: ['ss -ltnp on that host; wait until its service is up; ping HOST'],
      confidence: 'likely',
      sources: ['connect(2)'],
    }),
  },
  {
    rule: 'no path of the kernel for make',
    needle: '*** M=',
    pattern: /make(?:\[\d+\])?: \*\*\* M=(\S+): No such file or directory\. +Stop\./,
    cause:
      'make -C got no directory, and took M=... for it: the variable that should name the build directory of the kernel (KSRC, KDIR, KERNEL_SRC) is empty',
    fixes: [
      'make KSRC=/lib/modules/$(uname -r)/build, by the name that this Makefile uses; under sudo and dkms variables of the shell are not passed on',
    ],
    sources: ['Documentation/kbuild/modules.rst'],
  },
]
