/** libxdp, xdp-loader and xdp-filter, and the reasons that drivers give for an XDP program. Read from xdp-tools 1.5. */
import { errnoOf } from './errno.ts'
import { MAP_CREATE, PROG_LOAD } from './errno-load.ts'
import { XDP } from './errno-net.ts'
import type { PrintfKind } from './printf.ts'
import { XDP_WITHOUT_DISPATCHER } from './rule-names.ts'
import type { Answer, Row } from './row.ts'

/** LIBBPF_ERRNO__VERIFY */
const VERIFY = -4007

const GENERIC = 'generic mode works with every driver: xdp-loader load -m skb, ip link set dev IF xdpgeneric obj ...'

/** Drivers word their reasons themselves (NL_SET_ERR_MSG); what they are about is one of these. */
const REASONS: readonly (readonly [text: RegExp, answer: Answer])[] = [
  [
    /already (?:attached|loaded|in use)|at the same time|native and generic|replace/i,
    {
      cause: 'the interface has an XDP program already, of another loader or in another mode',
      fixes: ['bpftool net show; ip link set dev IF xdp off (xdpgeneric off, xdpdrv off); xdp-loader unload IF --all'],
      sources: ['net/core/dev.c: dev_xdp_attach'],
    },
  ],
  [
    /\bLRO\b|\bRSC\b|CSUM|offload(?:s|ing)? (?:is|are|must)|GRO.?HW/i,
    {
      cause: 'an offload of the card puts packets together or leaves work to the other side, which XDP cannot read',
      fixes: [
        'ethtool -K IF lro off gro-hw off (rxcsum off too where the message names CSUM)',
        'a virtio card whose offloads are fixed: turn them off on the host, QEMU: -device virtio-net-pci,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off,guest_csum=off',
        GENERIC,
      ],
      confidence: 'likely',
    },
  ],
  [
    /\bMTU\b|too (?:big|large)|single page|any_header_sg|frame size|jumbo|scatter|single.?buffer|\bfrags\b/i,
    {
      cause: 'the MTU of the interface is larger than a packet that this driver gives to XDP in one buffer',
      fixes: [
        'ip link set IF mtu 1500 (most drivers: at most about 3500)',
        'SEC("xdp.frags") for a program that reads packets of several buffers (5.18, where the driver can)',
        GENERIC,
      ],
      confidence: 'likely',
    },
  ],
  [
    /queue|channel|\brings?\b|not enough (?:rx|tx)|descriptor/i,
    {
      cause: 'native XDP needs queues of its own (one for each CPU), and the card or its settings have too few',
      fixes: ['ethtool -l IF; ethtool -L IF combined N (half of the maximum); virtio: queues=2*CPUs', GENERIC],
      confidence: 'likely',
    },
  ],
  [
    /native mode|does(?:n't| not) support XDP|XDP.*not support|not support.*XDP|offload mode/i,
    {
      cause: 'the driver of this card cannot run XDP in the mode that was asked for, at least not in this kernel',
      fixes: [
        GENERIC,
        'a newer kernel: drivers gain native XDP one by one; bpftool net show and ip -d link show say what is attached',
      ],
      confidence: 'likely',
    },
  ],
]

export const XDP_ROWS: readonly Row[] = [
  {
    rule: 'XDP program cannot be attached',
    needle: ["Couldn't attach XDP program"],
    pattern: /Couldn't attach XDP program on iface '([^']*)': (.{2,120}?)(?: ?\((-\d+)\))?$/,
    answer: (match) => {
      const number = Number(match[3])
      const errno = errnoOf(match[2] ?? '') ?? errnoOf(match[3] ?? '')
      const known =
        number === VERIFY
          ? {
              cause:
                'the kernel did not take the program or the dispatcher of libxdp: the log of the verifier has the reason. "btf_vmlinux is malformed" in it means a kernel without usable BTF',
              fixes: ['xdp-loader load -vv shows the log; LIBXDP_SKIP_DISPATCHER=1 loads the program alone'],
            }
          : errno === 'EBADF'
            ? {
                cause:
                  'the program was not loaded: its descriptor is not open. libxdp loads it only when it attaches it, so that a program array (tail calls) that is filled before holds nothing',
                fixes: [
                  'load the object with libbpf first, and attach with bpf_xdp_attach() or xdp_program__from_fd(); fill program arrays after loading',
                ],
              }
            : errno === undefined
              ? undefined
              : XDP[errno]
      return known && { ...known, what: `no XDP program on ${match[1]}: ${match[2]}`, confidence: 'likely' as const }
    },
  },
  {
    rule: 'the MTU is too large for XDP',
    needle: ['XDP frag', 'for XDP', 'with XDP', 'while XDP', 'when XDP', 'XDP is'],
    pattern:
      /\bMTU (?:of )?\d+ (?:is )?(?:larger|greater|bigger|too) .*\bXDP\b.*|(?<!\b(?:if|when)(?: the)? )\b(?:MTU|mtu)\b[^:]{0,40}too (?:large|big)[^:]{0,20}\b(?:for|with|while|when) XDP.*|Jumbo frames (?:are )?not supported (?:with|for) XDP.*/,
    cause:
      'the driver gives XDP one buffer per packet, and packets of this MTU do not fit: native XDP is refused, or (a warning) packets are longer than a program without frags may read',
    fixes: [
      'ip link set IF mtu 1500 (most drivers: at most about 3500); nothing, if no XDP program is attached to it',
      'SEC("xdp.frags") for a program that reads packets of several buffers (5.18, where the driver can)',
      GENERIC,
    ],
    confidence: 'likely',
    sources: ['include/uapi/linux/bpf.h: BPF_F_XDP_HAS_FRAGS'],
  },
  {
    rule: 'netlink refuses an XDP program',
    needle: ['XDP expects', 'nlmsg error'],
    pattern:
      /Error: (\w+: XDP expects [^.]+)|nlmsg error (Operation not supported|Invalid argument|Device or resource busy)/,
    answer: (match) => {
      const errno = errnoOf(match[2] ?? '')
      const answer = errno === undefined ? REASONS.find(([pattern]) => pattern.test(match[1] ?? ''))?.[1] : XDP[errno]
      return answer && { ...answer, what: match[1] ?? match[0] }
    },
  },
  {
    rule: 'netlink refuses an XDP or TC program',
    needle: 'Kernel error message: ',
    pattern: /Kernel error message: (.+)/,
    answer: (match) => {
      const text = match[1] ?? ''
      const [, answer] = REASONS.find(([pattern]) => pattern.test(text)) ?? []
      return answer && { ...answer, what: text }
    },
  },
]

/** Behind "libxdp: " only: other loaders have the same words for programs and maps of any kind. */
export const LIBXDP_KINDS: readonly PrintfKind[] = [
  {
    rule: 'XDP program without BTF',
    formats: `
Program %s has no BTF information, so we can't load it as multiprog
Failed to get BTF of the program
Failed to get BTF %d of the program
Couldn't get BTF for ID %d`,
    cause:
      'libxdp puts several programs behind one dispatcher with freplace, and that needs the BTF of each program: this object was built without -g',
    fixes: [
      'clang -O2 -g -target bpf -c: -g makes the BTF',
      'load it without the dispatcher: ip link set dev IF xdp obj FILE sec NAME, or LIBXDP_SKIP_DISPATCHER=1',
    ],
    sources: ['xdp_multiprog__... of libxdp.c (xdp-tools)'],
  },
  {
    rule: XDP_WITHOUT_DISPATCHER,
    formats: `
Falling back to loading single prog without dispatcher
Compatibility check for dispatcher program failed: %s`,
    cause:
      'libxdp tried to put the program behind a dispatcher, for which it loads the program a second time in another form (freplace); this kernel (before 5.10, without BTF, or an architecture without trampolines) does not take that form. libxdp goes on and attaches the program by itself: the errors above are those of the attempt',
    fixes: [
      'nothing, if "Success" follows: the program is attached, and one program for each interface is all that is possible',
      'LIBXDP_SKIP_DISPATCHER=1 leaves the attempt out; for several programs: a kernel of 5.10 or later with CONFIG_DEBUG_INFO_BTF=y',
    ],
    sources: ['xdp_program__attach_multi() of libxdp.c (xdp-tools)'],
  },
  {
    rule: 'XDP dispatcher',
    formats: `
Failed to attach dispatcher on ifindex %d: %e
Failed to load dispatcher: %e
Failed to load program %s: %e
Can't use dispatcher without a working bpffs
No bpffs found at %s
Dispatcher version check failed for ID %d
XDP dispatcher version %d higher than supported %d
Existing program is not using a dispatcher, can't replace; unload first
Existing dispatcher version %d is older than our version %d.
Not enough free slots in the dispatcher.
Current kernel version does not support XDP device binding.
Failed to attach program %s to dispatcher: %e
Failed to attach program to dispatcher: %e
Couldn't find a BPF file with name %s
Couldn't open BPF file 'xdp-dispatcher.o'
Couldn't open BPF file
Unrecognised XDP program on interface %s. Not removing.`,
    cause:
      'libxdp could not put the program behind its dispatcher: the kernel lacks what that needs (freplace for XDP, a mounted bpffs), another loader or version owns the interface, or the driver refuses XDP',
    fixes: [
      'mount -t bpf bpf /sys/fs/bpf; xdp-loader status; xdp-loader unload IF --all',
      GENERIC,
      'LIBXDP_SKIP_DISPATCHER=1, or ip link set dev IF xdp obj ...: one program without a dispatcher',
    ],
    errors: PROG_LOAD,
    confidence: 'likely',
    sources: ['lib/libxdp of xdp-tools'],
  },
  {
    rule: 'XDP: pinned objects',
    formats: `
Unable to pin map %s: %e
Couldn't pin link FD at %s: %e
Couldn't pin prog FD at %s: %e
Unable to create pin directory: %e
Unable to create pin directory '%s': %e
Couldn't open lock directory at %s: %e
Couldn't flock fd %d: %e
mount -t bpf bpf %s failed: %e`,
    cause: 'libxdp keeps its programs below /sys/fs/bpf/xdp, and cannot write there',
    fixes: ['sudo; mount -t bpf bpf /sys/fs/bpf; in a container mount the bpffs of the host into it'],
    errors: MAP_CREATE,
    confidence: 'likely',
    sources: ['lib/libxdp/libxdp.c of xdp-tools'],
  },
]

/** What the programs of xdp-tools and AF_XDP print by themselves, at the beginning of a line. */
export const XDP_TOOL_KINDS: readonly PrintfKind[] = [
  {
    rule: 'XDP program is not there',
    formats: `
No XDP program loaded on %s
No XDP dispatcher found on ifindex %d
Program with ID %d not loaded on %s
xdp-filter is not loaded on %s
xdp-filter is already loaded on %s
Couldn't find network interface '%s'.
Couldn't find xdp program in bpf object%s
Couldn't find filter map; is xdp-filter loaded
Couldn't find an eBPF program with the requested feature set!`,
    cause: 'the interface, the program in the object, or the program on the interface has another name or is not there',
    fixes: ['ip link; xdp-loader status; bpftool net show; llvm-objdump -h FILE lists the sections'],
    sources: ['xdp-loader and xdp-filter of xdp-tools'],
  },
  {
    rule: 'AF_XDP socket',
    formats: `
Can't use zero-copy and skb mode together.
ERROR: Can't setup AF_XDP socket %s
Another XSK socket was created by a version of libxdp that doesn't support program refcnt%s
XSK default program version %d higher than supported %d
Frame size %d is not a power of two.
Couldn't retrieve the number of RXQs%s`,
    cause:
      'the AF_XDP socket cannot be made in this mode: zero-copy needs a driver that has it and native XDP, and each queue takes one socket',
    fixes: ['copy mode (XDP_COPY) with generic XDP works everywhere; another queue; ulimit -l unlimited before 5.11'],
    confidence: 'likely',
    sources: ['lib/libxdp/xsk.c of xdp-tools'],
  },
]
