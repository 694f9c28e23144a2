/** Programs that ended by a fault of their own: what the runtime of their language prints. */
import { byWords } from './by-words.ts'
import { group, type Row } from './row.ts'

/** Something crashed, and another line may say why: left out where anything else is known of the text. */
export const CRASHED_RULE = 'a program crashed'

const REPORT =
  'this is a fault of the program, not of the kernel: report it with these lines, or take another release of it'

const PYTHON: Readonly<Record<string, string>> = {
  KeyError: 'a dictionary has no such key: often an option, a field or a symbol that another version has',
  AttributeError: 'an object has no such attribute: a library of another version than the program expects',
  TypeError: 'a value has another type than the code expects: often a library or Python of another version',
  IndexError: 'a list is shorter than the code expects: an empty result, or an argument that was not given',
  ValueError: 'a value cannot be used or converted: look at the text after the colon',
  SyntaxError: 'the script is for another version of Python (print without brackets is Python 2)',
  UnicodeDecodeError: 'bytes that are no UTF-8 were read as text: PYTHONIOENCODING=utf-8, or a binary file',
  RecursionError: 'the code calls itself without end',
  NameError: 'a name is not defined: Python 2 code under Python 3 (unicode, xrange, raw_input), or a typing mistake',
  FileNotFoundError: 'a file or program that the script wants is not there: its name stands behind the colon',
  PermissionError: 'the user may not do this: run it as root, or look at the owner of the file',
  OSError: 'a call of the system failed: its error stands behind the colon',
}

const HEAP =
  'the program destroyed its own memory (it wrote beyond an object, or freed one twice), and the C library noticed later: the fault is before this place'

export const CRASHED_ROWS: readonly Row[] = [
  {
    rule: CRASHED_RULE,
    needle: ['panic: ', 'fatal error: '],
    pattern:
      /(?:^|[\s:])(panic: (?:runtime error: |assignment to|send on closed|close of|reflect: |sync: |interface conversion)[^\n]{0,200}|fatal error: (?:all goroutines are asleep|concurrent map|out of memory|stack overflow|unexpected signal)[^\n]{0,120})/,
    answer: (match) => ({
      what: group(match, 1),
      cause: /out of memory/.test(group(match, 1))
        ? 'the program (in Go) got no more memory'
        : 'a program in Go stopped at a fault in its own code (an index out of range, a nil pointer, a deadlock): the first function below "goroutine N [running]" that is not of the runtime is the place',
      fixes: [
        REPORT,
        'if it began with a new kernel or configuration: the program does not check for what is missing there; give it what its documentation asks for (BTF, kallsyms, capabilities)',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: CRASHED_RULE,
    needle: ['panicked at '],
    pattern: /thread '[^']*' (?:\(\d+\) )?panicked at (.{1,200})/,
    key: () => '',
    answer: (match) => {
      const code = /\bcode: (\d+)/.exec(match[0])?.[1]
      const inside = code === undefined ? undefined : byWords(match[0], code)
      if (inside !== undefined) return inside
      return {
        what: `a Rust program panicked at ${match[1]}`,
        cause:
          'a program in Rust stopped at a fault that it does not handle: unwrap() of an Err passes on an error whose text stands in the next line, or above',
        fixes: [
          'read the line after it and the errors above it: they name what failed; RUST_BACKTRACE=1 shows who called',
          REPORT,
        ],
        confidence: 'likely',
      }
    },
  },
  {
    rule: CRASHED_RULE,
    needle: ['Assertion `', "Assertion '", 'ssertion failed: '],
    pattern: /(\S+): (\S+:\d+): .{0,120}?: Assertion [`'](.{1,200})' failed/,
    answer: (match) => ({
      what: `${match[1]}: ${match[3]} does not hold (${match[2]})`,
      cause:
        'the program checks a condition of its own at this place, and it is not true: a fault in it, or input that it does not expect',
      fixes: [REPORT, 'look at the line of the source: the condition says what the program relies on'],
      confidence: 'likely',
    }),
  },
  {
    rule: CRASHED_RULE,
    needle: [
      'stack smashing detected',
      'invalid pointer',
      'double free',
      'corrupted ',
      'munmap_chunk',
      'invalid next size',
      'buffer overflow detected',
    ],
    pattern:
      /^(?:\S+: )?(\*\*\* (?:stack smashing|buffer overflow) detected \*\*\*.*|(?:free|realloc|malloc|munmap_chunk|corrupted size)\S*: (?:invalid|corrupted|double|unaligned)[\w ]+.*|double free or corruption.*|corrupted (?:size vs\. prev_size|double-linked list).*)/,
    answer: (match) => ({
      what: group(match, 1),
      cause: HEAP,
      fixes: ['valgrind PROGRAM, or compile it with -g -fsanitize=address: both name the write itself', REPORT],
    }),
  },
  {
    rule: CRASHED_RULE,
    needle: ['AddressSanitizer: ', 'ThreadSanitizer: ', 'LeakSanitizer: ', 'runtime error: '],
    pattern: /(?:ERROR: |WARNING: |SUMMARY: )((?:Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer: .{1,160})/,
    key: (match) => group(match, 1).split(' ')[1] ?? '',
    answer: (match) => ({
      what: group(match, 1),
      cause:
        'a sanitizer of the compiler found a fault of the program (in user space): the first stack is the access, the others where the memory came from and was freed',
      fixes: ['the first frame that is of the program is the place; -fno-omit-frame-pointer -g for readable stacks'],
    }),
  },
  {
    rule: CRASHED_RULE,
    needle: ['terminate called '],
    pattern: /terminate called (?:after throwing an instance of '([^']+)'|without an active exception)/,
    cause: 'a program in C++ threw an exception that nothing catches: the line what(): below it has its text',
    fixes: ['read what(): and the lines above; gdb PROGRAM, catch throw, bt shows who threw it', REPORT],
    confidence: 'likely',
  },
  {
    rule: CRASHED_RULE,
    needle: ['(core dumped)', 'Segmentation fault', 'Illegal instruction', 'Bus error'],
    pattern:
      /^(?:.{1,120}?[:\s])?(Segmentation fault|Aborted|Bus error|Illegal instruction|Floating point exception|Trace\/breakpoint trap)(?: \(core dumped\))(?:.{0,120})$|^(Segmentation fault|Illegal instruction|Bus error)\s*$/,
    key: (match) => match[1] ?? group(match, 2),
    answer: (match) => {
      const signal = match[1] ?? group(match, 2)
      return {
        what: `a program ended with: ${signal}`,
        cause:
          signal === 'Illegal instruction'
            ? 'the CPU does not know an instruction of the program: it was built for a newer CPU (-march=native) than this one or the model that QEMU shows'
            : signal === 'Aborted'
              ? 'the program gave up by itself (abort): its last words stand above'
              : signal === 'Bus error'
                ? 'the program used memory that has no page behind it: a mapped file that became shorter, a full tmpfs or /dev/shm, missing huge pages'
                : 'the program used an address that it does not have: a fault of the program',
        fixes: [
          signal === 'Illegal instruction'
            ? 'build it without -march=native; qemu -cpu host or -cpu max'
            : 'coredumpctl gdb (or ulimit -c unlimited, then gdb PROGRAM core), bt; dmesg | tail has the address',
          REPORT,
        ],
        confidence: 'likely',
      }
    },
  },
  {
    rule: CRASHED_RULE,
    needle: Object.keys(PYTHON).map((name) => `${name}: `),
    pattern: new RegExp(String.raw`^(${Object.keys(PYTHON).join('|')}): (.{1,200})$`),
    answer: (match) => ({
      what: match[0],
      cause: `a script in Python stopped: ${PYTHON[group(match, 1)] ?? ''}`,
      fixes: [
        'the last "File ..., line N" above it is the place; the first ones that name the script itself say what it was doing',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'memory ran out',
    needle: ['emory cgroup out of memory', 'Out of memory: Kill', 'invoked oom-killer', ' Killed '],
    pattern:
      /(Memory cgroup out of memory|Out of memory): Kill(?:ed)? process \d+ \(([^)]*)\)|^(?:.{0,60}[\]:] )?(\S+) invoked oom-killer|: line \d+: +\d+ Killed +(\S.{0,80})/,
    key: (match) => match[2] ?? '',
    answer: (match) => ({
      what:
        match[4] !== undefined
          ? `a step of a script was killed: ${match[4].trim()}`
          : match[2] === undefined
            ? `${match[3]} needed memory and there was none`
            : `the kernel killed ${match[2]}`,
      cause: /cgroup/.test(match[1] ?? '')
        ? 'the cgroup of the process (a container, a job, a service) reached its limit of memory, and the kernel killed the process that used most'
        : match[4] !== undefined
          ? 'the shell says that a program of the script was ended by SIGKILL: nearly always the kernel, because memory ran out (linking a kernel with LTO or BTF takes several GB)'
          : 'memory ran out, and the kernel killed the process that used most',
      fixes: [
        'give it more: -m of QEMU, `memory:` of the VM, --memory of the container, --mem of the job, MemoryMax of the unit; or swap',
        'the table above this line shows which processes had how much (rss is in pages)',
      ],
      sources: ['mm/oom_kill.c'],
    }),
  },
  {
    rule: 'too many files are open',
    needle: ['oo many open files'],
    pattern: /(?:^|: |- )["']?[Tt]oo many open files(?: in system)?(?=$|["'`.,)\]}]|\s*[([])/,
    key: () => '',
    answer: (match) => ({
      what: /system/.test(match[0]) ? 'ENFILE: too many open files in system' : 'EMFILE: too many open files',
      cause:
        'the process (or user, for inotify) has as many files open as it may. Probes, perf events, maps and programs are files too: one for each CPU and event',
      fixes: [
        'ulimit -n 65536 before the program (LimitNOFILE= of a unit, --ulimit nofile of a container); ls /proc/PID/fd | wc -l shows how many are open',
        'for inotify (kubelet, systemd, tail -f): sysctl fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288',
      ],
      confidence: 'likely',
      sources: ['getrlimit(2)', 'inotify(7)'],
    }),
  },
  {
    rule: 'program of another architecture',
    needle: ['xec format error', 'cannot execute binary file', 'bad interpreter'],
    pattern:
      /(?:^|[\s'"`‘’:])(?:([\w./+-]+)['’]?: )?(?:cannot execute binary file: |cannot execute: )?(?:[Ee]xec format error|cannot execute binary file)\b|(\S+): (\/\S+): bad interpreter: (.*)/,
    key: (match) => match[1] ?? match[2] ?? '',
    answer: (match) =>
      match[3] !== undefined
        ? {
            what: `${match[2]} wants ${match[3]}`,
            cause:
              'the first line of the script names a program that is not there (or ends with a carriage return: the file has line ends of Windows)',
            fixes: ['head -1 SCRIPT | cat -A; sed -i "s/\\r$//" SCRIPT; install the interpreter, or run sh SCRIPT'],
          }
        : {
            what: `${match[1] ?? 'the file'} is no program for this machine`,
            cause:
              'the file is for another architecture, is cut short or empty, is an object or script without #!, or (a kernel module) for another kernel',
            fixes: [
              'file PROGRAM; uname -m; download or build the one for this architecture',
              'qemu-user-static and binfmt-support run programs of other architectures',
            ],
            confidence: 'likely',
            sources: ['execve(2): ENOEXEC'],
          },
  },
]
