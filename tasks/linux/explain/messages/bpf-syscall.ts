/** strace of bpf(2) and perf_event_open(2): a system call with its error. */
import { SET_BPF, TRACEPOINT, TRAMPOLINE } from './errno-attach.ts'
import { COMMON } from './errno-common.ts'
import { BTF_LOAD, MAP_CREATE, PIN, PROG_LOAD } from './errno-load.ts'
import { group, type Answer, type Row } from './row.ts'

const COMMANDS: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
  PROG_LOAD,
  MAP_CREATE,
  BTF_LOAD,
  OBJ_PIN: PIN,
  OBJ_GET: PIN,
  LINK_CREATE: { ...SET_BPF, ...TRAMPOLINE },
  RAW_TRACEPOINT_OPEN: { ...TRACEPOINT, ...TRAMPOLINE },
}

const BAD_DESCRIPTOR: Answer = {
  cause:
    'a descriptor of the call is not open or of another kind than the call wants. Libraries make such a call on purpose (fd -1, a wrong target) to learn whether the kernel knows the form: EBADF then means yes',
  fixes: ['nothing, where the call is a probe of libbpf (the next one succeeds); else look at the descriptors in it'],
  confidence: 'likely',
  sources: ['features.c of libbpf'],
}

/** A call that is made again with success is left out (retried-calls.ts). */
export const CALL_RULE = 'bpf() refused'

export const BPF_SYSCALL_ROWS: readonly Row[] = [
  {
    // _IOW('$', 8, __u32): older releases of strace print the number.
    rule: 'event and program do not fit',
    needle: ['0x40042408', 'PERF_EVENT_IOC_SET_BPF'],
    pattern: /\bioctl\(\d+(?:<[^>]*>)?, (?:0x40042408|PERF_EVENT_IOC_SET_BPF), [^)]*\) *= -1 (E[A-Z0-9]+)/,
    key: (match) => group(match, 1),
    answer: (match) => {
      const known = SET_BPF[group(match, 1)] ?? COMMON[group(match, 1)]
      return known && { ...known, what: `ioctl(PERF_EVENT_IOC_SET_BPF): ${group(match, 1)}` }
    },
  },
  {
    rule: CALL_RULE,
    needle: 'bpf(BPF_',
    // EPERM and ENOSYS mean the same for each command, and an old kern_version has a row of its own.
    pattern: /\bbpf\(BPF_([A-Z_]+), .*\) *= -1 (E[A-Z0-9]+)(?<!EPERM|ENOSYS)\b/,
    key: (match) => `${match[1]} ${match[2]}`,
    answer: (match) => {
      const command = group(match, 1)
      const errno = group(match, 2)
      if (command === 'PROG_LOAD' && errno === 'EINVAL' && /kern_version=/.test(match[0])) return undefined
      const what = `bpf(BPF_${command}): ${errno}`
      // Libraries try a new form of the attributes first, and an older one when the kernel does not know it.
      if (errno === 'E2BIG' && /\.\.\.\}, (\d+)\)/.test(match[0]))
        return {
          what,
          cause:
            'the attributes of the call are longer than this kernel knows them. A library tries the new form first and an older one after it: if the next call of this kind succeeds, nothing is wrong',
          fixes: [
            'look at the next bpf() call; when it fails too, the library is too new for this kernel (or the program has more instructions than it takes)',
          ],
          confidence: 'likely',
          sources: ['bpf_check_uarg_tail_zero() of kernel/bpf/syscall.c'],
        }
      const known = errno === 'EBADF' ? BAD_DESCRIPTOR : (COMMANDS[command]?.[errno] ?? COMMON[errno])
      return known && { ...known, what }
    },
  },
]
