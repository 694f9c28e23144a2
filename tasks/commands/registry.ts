/** Every command as data; its code is loaded when it is called. */
import type { CommandSpec } from './command.ts'

const collect = (value: string, before: unknown): string[] => [
  ...(Array.isArray(before) ? before.map(String) : []),
  value,
]
const count = (value: string): number => (/^[1-9][0-9]{0,4}$/.test(value) ? Number(value) : Number.NaN)

const KERNEL = ['--kernel <name>', "this kernel instead of the VM's"] as const
const SOURCE = ['--source <dir>', 'build the kernel from this tree instead of the declared source'] as const
const ACCEL = ['--accel <kind>', 'kvm, tcg or auto instead of what lab.yaml says'] as const
const DEFINITION = [
  '--definition <name>',
  'runs of this definition (its name or a run) and not of the newest: what runs were made of, in one digest',
] as const
const DRY = ['--dry-run', 'say what would be done, and why'] as const

export const COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'init [dir]',
    about: 'a new lab: commented lab.yaml, one probe, one experiment that runs',
    load: () => import('./init.ts'),
  },
  {
    usage: 'check',
    about: 'validate the whole lab file; nothing is built',
    options: [
      ['--probes', 'also the probes: their C, and whether each hook can be attached, on every kernel; before any boot'],
      ['--kernel <name>', '--probes for this kernel'],
      ['--source <dir>', 'with --kernel: this tree instead of the declared source'],
    ],
    load: () => import('./check.ts'),
  },
  {
    usage: 'doctor',
    about: 'host: tools, KVM that really works, disk, mirror; each finding with its fix',
    options: [['--fix', 'install what is missing, forget what was unreachable']],
    load: () => import('./doctor.ts'),
  },
  {
    usage: 'plan [experiment]',
    about: 'what would be built, restored and booted, and why',
    options: [KERNEL],
    load: () => import('./plan.ts'),
  },
  {
    usage: 'build [kind] [name]',
    about: 'artefacts only: kernel, image or probe; one name or all',
    options: [
      ['--source <dir>', 'kernel: build this tree instead of the declared source'],
      ['--show-patch', 'kernel: the diff that parallelPath makes, and no build'],
      ['--explain', 'probe: which file each include resolves to; fails if one is not of its kernel, libbpf or the lab'],
      KERNEL,
      ['-n, --dry-run', 'say what would be done, and why; of one probe, the commands that compile it'],
    ],
    load: () => import('./build.ts'),
  },
  {
    usage: 'up [vm]',
    about: 'converge to a running VM',
    options: [KERNEL, SOURCE, ACCEL, DRY],
    load: () => import('./up.ts'),
  },
  {
    usage: 'down [vm]',
    about: 'stop a VM that `lab up` started (all of them without a name)',
    options: [['--wait', 'when the run that is going on in it is over, instead of refusing']],
    load: () => import('./down.ts'),
  },
  {
    usage: 'run [experiment...]',
    about: 'run experiments; one result directory per run, and an exit code that tells the truth',
    options: [
      ['-a, --all', 'every experiment of the lab, but those that it skips; one that fails does not stop the others'],
      ['-p, --param <name=value>', 'this value instead of the declared ones (repeatable)', collect],
      ['-r, --repeat <n>', 'repeats of each arm', count],
      KERNEL,
      SOURCE,
      ACCEL,
      ['--start <how>', 'shared: one VM for all runs; warm: each from a snapshot; cold: each boots'],
      ['--cold', 'as --start cold: a VM of its own for every run, even if one is up'],
      [
        '--deterministic',
        'as with `deterministic: yes` of the VM: one CPU, counted time, no input; the same bytes each time',
      ],
      ['--strace', 'keep the system calls of loader and workload (strace.holder, strace.workload); slow'],
      ['--follow', 'show the messages while the workload runs; the recording is the same and loses nothing by it'],
      ['--only <values>', 'only arms with these values, for example kernel=v5.10,bytes=16'],
      ['--resume', 'finish the run that was interrupted; nothing is done twice'],
      ['--parallel <n>', 'VMs at a time, or auto'],
      ['--report', 'an HTML report of these experiments at the end (run --all makes one of the whole lab)'],
      DRY,
    ],
    load: () => import('./run.ts'),
  },
  { usage: 'ps', about: 'what runs, and who owns it', load: () => import('./ps.ts') },
  {
    usage: 'gc',
    about: 'remove what nobody owns: VMs, half-written directories',
    options: [DRY],
    load: () => import('./gc.ts'),
  },
  { usage: 'ssh [vm]', about: 'a shell in the guest', load: () => import('./ssh.ts') },
  {
    usage: 'exec [command...]',
    about: 'run a command in the guest; its exit code is ours',
    options: [['--vm <name>', 'the VM']],
    passThrough: true,
    load: () => import('./exec.ts'),
  },
  {
    usage: 'cp <from> <to>',
    about: 'copy a file or directory; ":" marks the guest\'s side',
    options: [['--vm <name>', 'the VM']],
    load: () => import('./cp.ts'),
  },
  { usage: 'console [vm]', about: 'the serial console (leave with Ctrl-])', load: () => import('./console.ts') },
  {
    usage: 'results [action] [run]',
    about:
      'ls, show RUN, rm RUN, order EXPERIMENT (did its events come in the same order each time?), observer EXPERIMENT (what do its probes cost?)',
    options: [
      ['--experiment <name>', 'only of this one'],
      ['--per <what>', 'order: sequences of a read (when left out) or of a run'],
      DEFINITION,
    ],
    load: () => import('./results.ts'),
  },
  {
    usage: 'trace <run>',
    about: 'the events of a run',
    options: [
      ['--md', 'Markdown, for slides'],
      ['--all', 'other processes too'],
      ['--svg <file>', 'the path of one read as a picture: that of the median duration'],
      ['--reads', 'read by read, partial ones marked'],
      ['--comm <name>', 'only of programs of this name'],
      ['--pid <pid>', 'only of this process'],
      ['--probe <program>', 'only what this BPF program printed, or events of this name'],
      ['--from <time>', 'from this time on, as the trace shows it'],
      ['--to <time>', 'up to this time'],
      ['--perfetto <file>', 'every event as a timeline for ui.perfetto.dev (.pftrace); filters take a part'],
      ['--chrome <file>', "the same as Chrome's trace event JSON"],
      ['--csv <file>', 'every event as a row; filters take a part'],
      ['--jsonl <file>', 'every event as a line of JSON'],
      ['--dat <file>', 'the raw recording, for trace-cmd and KernelShark'],
      ['--graph', 'the call tree with durations (trace: { function_graph: ... })'],
    ],
    load: () => import('./trace.ts'),
  },
  {
    usage: 'diff <a> [b]',
    about:
      'two runs, or two groups of runs (EXPERIMENT/axis=value), side by side; one alone is compared with the run before it',
    options: [
      ['--full', 'every line of what differs'],
      ['--exit-code', 'end with 1 where anything but times and addresses differs'],
    ],
    load: () => import('./diff.ts'),
  },
  {
    usage: 'maps <run>',
    about: 'the maps of a run, decoded by the types of its probes',
    load: () => import('./maps.ts'),
  },
  {
    usage: 'explain [what]',
    about:
      'a file, - or a run: what its messages mean and what to do (dmesg, verifier log, kallsyms, strace, build log)',
    options: [['--kernel <name>', 'functions in it are looked up in this kernel, as `lab symbols` does']],
    load: () => import('./explain.ts'),
  },
  {
    usage: 'verify <run>',
    about: 'is a result (or an evidence pack) what it says, and did any of it pass? no VM is needed',
    note: `
Computed again, from trace.dat, the loader's words (holder.ndjson), stdout and the lab file as it was kept:
  events, their table and order, losses, hits, typed events' counts, metrics, expectations, verdict, methods and figures of a pack
Compared with a hash only, since nothing else is known of it:
  outputs, console, call tree, kallsyms, the decoded values of maps, typed events, host, QEMU, times of day
Not found: who changes the raw files too, or the question (the kept lab and its expectations), and writes all the rest anew so that
it fits together. There is no signature; publish the hash that lab export prints. "?" marks what nobody can tell.`,
    load: () => import('./verify.ts'),
  },
  {
    usage: 'export <run...>',
    about: 'an evidence pack: results, lab, patch, configuration, sources and a methods paragraph in one file',
    options: [['-o, --output <file>', 'the file to write; EXPERIMENT-RUN.evidence.tar.gz when left out']],
    load: () => import('./export.ts'),
  },
  {
    usage: 'lock',
    about:
      'write lab.lock: packages with versions and hashes, tools, sources; images are then built from these packages',
    options: [['--check', 'say what is not as lab.lock has it, and write nothing']],
    load: () => import('./lock.ts'),
  },
  {
    usage: 'reproduce <run>',
    about: 'build it all again in an empty cache, run it once, and say what came out the same',
    options: [
      ['--cache <dir>', 'this cache instead of an empty one'],
      ['--source <dir>', 'the kernel tree, where the run was made from one of yours'],
    ],
    load: () => import('./reproduce.ts'),
  },
  {
    usage: 'tracepoint <event>',
    about: 'the C struct of group:event, from the guest; or of a format text in a file, or -',
    options: [['--vm <name>', 'the VM'], KERNEL, ACCEL],
    load: () => import('./tracepoint.ts'),
  },
  {
    usage: 'symbols <kernel> [names...]',
    about:
      'can a probe be on it, and why not? functions, group:event or patterns with *; before the kernel boots, or as it runs',
    options: [
      ['--booted', 'ask the kernel that runs (of the VM that is up, or of one that is booted for it)'],
      ['--vm <name>', '--booted in this VM'],
      ACCEL,
      ['--source <dir>', 'the kernel as built from this tree instead of the declared source'],
    ],
    load: () => import('./symbols.ts'),
  },
  {
    usage: 'import <file>',
    about:
      'a run out of a trace made elsewhere: trace.dat, or text of trace_pipe, trace, trace-cmd or perf script; - is stdin',
    options: [
      ['--name <name>', 'the directory under results (default: imported)'],
      [
        '--as <experiment>',
        'look at it as a run of this experiment: its reads, and those expectations that a trace can answer',
      ],
      ['--kernel <name>', '--as: the kernel of the trace, where expectations are of some kernels only'],
    ],
    load: () => import('./import.ts'),
  },
  {
    usage: 'query <sql>',
    about:
      'SQL (DuckDB) over all results, read-only: tables runs, newest (of one definition), events, probes, params, metrics, losses',
    options: [
      ['--csv', 'comma-separated values'],
      ['--parquet <file>', 'write the answer to this file'],
    ],
    load: () => import('./query.ts'),
  },
  {
    usage: 'report [what...]',
    about: 'one HTML file about experiments or runs (all when none is named): verdicts, paths, figures, provenance',
    options: [
      ['--since <day>', 'one page about the runs since a day (2020-01-30), a time, today, or how long ago (7d, 12h)'],
      DEFINITION,
      ['-o, --output <file>', 'the file to write; results/NAME.html when left out'],
      ['--figures <dir>', 'also each figure as SVG and PDF and each table as CSV and LaTeX, into this directory'],
    ],
    load: () => import('./report.ts'),
  },
  {
    usage: 'kernels [action] [package]',
    about:
      'kernels of the lab: what is here, what the mirror has newer; add PACKAGE (linux-image-* or linux-source-*) writes its lines into lab.yaml',
    options: [
      ['--suite <name>', 'add: the package of this Debian suite'],
      ['--name <name>', 'add: what the lab calls it'],
    ],
    load: () => import('./kernels.ts'),
  },
  { usage: 'schema', about: 'JSON Schema of lab.yaml, for editors', load: () => import('./schema.ts') },
]
