/** The agent of Cilium, and programs that talk to a daemon or a VM over a socket: what they say when that fails. */
import type { PrintfKind } from './printf.ts'
import { group, type Row } from './row.ts'

export const CILIUM_KINDS: readonly PrintfKind[] = [
  {
    rule: 'Cilium: datapath cannot be made',
    formats: `
Could not locate previously compiled BPF template
failed to compile template program: %s
Failed to compile bpf_%s: exit status %d
BPF template object creation failed: %s
Error while rewriting endpoint BPF program
Failed to load program for %s
error="Failed to load tc filter: exit status %d
Failed to compile XDP program: %s
datapath ebpf template compilation`,
    cause:
      'Cilium compiles its programs on the node, and that (or loading them) failed before this line: the errors of clang or of the verifier stand above, as lines of the subsystem datapath-loader. "Could not locate" only means that an earlier attempt of the same program failed',
    fixes: [
      'look for the first "error:" or verifier log above, at the start of the agent: kubectl logs -n kube-system cilium-... | grep -m5 -i -B2 "error"',
      'an agent of another version than its files in /var/lib/cilium/bpf, headers that were changed, or a node without memory: restart the agent, with debug: true; cilium-bugtool collects the logs',
    ],
    confidence: 'likely',
    sources: ['pkg/datapath/loader of Cilium'],
  },
  {
    rule: 'clang is too old to ask the CPU',
    formats: `
'probe' is not a recognized processor for this target`,
    cause:
      'this clang (llc) does not know -mcpu=probe, which came with LLVM 6: it ignores the word and makes code for the first version of BPF',
    fixes: ['clang and llvm of 10 or later; or -mcpu=v1, v2 or v3 in the place of probe'],
    sources: ['llvm/lib/Target/BPF'],
  },
]

const SOCKETS: readonly (readonly [path: RegExp, who: string, fix: string])[] = [
  [
    /qmp|qemu/,
    'QEMU',
    'QEMU did not start or has ended: its own error stands above, or in the log of the tool that starts it',
  ],
  [/docker/, 'the Docker daemon', 'systemctl start docker; the user in the group docker; DOCKER_HOST'],
  [/containerd|crio|cri-dockerd/, 'the container runtime', 'systemctl status containerd; crictl --runtime-endpoint'],
  [/podman/, 'podman', 'systemctl --user start podman.socket; podman machine start'],
  [/libvirt/, 'libvirtd', 'systemctl start libvirtd (virtqemud.socket); the user in the group libvirt'],
  [
    /tetragon|cilium|hubble|bpfman|falco|gadget/,
    'the agent',
    'its pod or unit does not run: kubectl logs, systemctl status',
  ],
  [/virtiofs|vhost/, 'virtiofsd', 'start virtiofsd before it'],
]

export const DIAL_ROWS: readonly Row[] = [
  {
    rule: 'nobody listens on a socket',
    needle: ['dial unix ', 'dial tcp '],
    pattern:
      /dial (unix|tcp) (\S+?): connect: (no such file or directory|connection refused|permission denied|no route to host|network is unreachable)/,
    answer: (match) => {
      const socket = group(match, 2)
      const [, who, fix] = SOCKETS.find(([path]) => path.test(socket)) ?? []
      const denied = match[3] === 'permission denied'
      return {
        what: `no connection to ${socket}: ${match[3]}`,
        cause: denied
          ? 'the socket is there, and this user may not open it'
          : `${who ?? 'the program that should listen there'} does not run, has ended, or listens in another place`,
        fixes: [
          ...(denied ? ['ls -l SOCKET: be in its group, or use sudo'] : []),
          ...(fix === undefined ? [] : [fix]),
          match[1] === 'tcp' ? 'ss -ltnp | grep PORT on that host' : 'ls -l SOCKET; ss -xlp shows who listens',
        ],
        confidence: 'likely',
        sources: ['connect(2)'],
      }
    },
  },
  {
    rule: 'ssh: no connection',
    needle: 'ssh error: exit status 255',
    pattern: /ssh error: exit status 255/,
    what: 'ssh ended with status 255',
    cause:
      'status 255 is of ssh itself and not of a command in the machine: no connection, or no login. The VM is not up yet, did not get a network, or does not take the key',
    fixes: [
      'run the same ssh by hand with -v; look at the console of the VM; wait longer for a VM without KVM',
      'podman machine: podman machine ssh, podman machine stop and rm, then init anew',
    ],
    confidence: 'likely',
    sources: ['ssh(1)'],
  },
]
