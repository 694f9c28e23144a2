/**
 * The lab file, version 1, as a zod schema: shapes, units and limits of single values. What relates one value to
 * another (references, files, cycles) is in `relations.ts`. Sizes are given as text ("64M") and read by `bytesOf`. The
 * descriptions are shown by editors (through `json-schema.ts`) and as the way out of a missing key, so each begins with
 * what the value is.
 */
import { z } from 'zod'
import { Expectation } from './schema-expect.ts'
import { func, name, text } from './schema-text.ts'

/**
 * Begins with a letter: JavaScript would move a key such as "16" before the others, and arms are named in file order.
 */
const paramName = text(
  /^[A-Za-z][A-Za-z0-9._-]{0,62}$/,
  'a parameter is named with letters, digits, ".", "_" and "-", and begins with a letter',
)
const sha256 = text(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hexadecimal digits').describe(
  'the SHA-256 of the file, as sha256sum prints it',
)
// oxlint-disable-next-line no-control-regex -- control characters in a path are typing errors
const path = text(/^[^\x00-\x1f\x7f]+$/, 'a path is not empty and has no control characters')
const size = text(/^[1-9][0-9]{0,11}[KMG]$/, 'a size is a whole number with K, M or G, for example 64M')
const seconds = text(/^[1-9][0-9]{0,5}(s|m)$/, 'a duration is a whole number with s or m, for example 30s')
const url = z.url({ protocol: /^https?$/, error: 'a URL begins with https:// or http://' })
/** A leading "-" would be read as an option by git. */
const gitWord = text(/^[^-\s]\S*$/, 'it has no spaces and does not begin with "-"')

/**
 * Where a kernel's source comes from. Exactly one of the four forms; the first key of each form tells which one is
 * meant.
 */
export const Source = z
  .union([
    z
      .strictObject({
        url: url.describe('address of a tar archive of the tree'),
        mirrors: z.array(url).optional().describe('addresses of the same file, tried in this order after url'),
        sha256,
      })
      .meta({ title: 'A release archive' }),
    z
      .strictObject({
        package: text(
          /^[a-z0-9][a-z0-9.+-]+$/,
          'a Debian package is named with lower-case letters, digits, "+", "-" and "."',
        ).describe(
          'a Debian package that holds /usr/src/<name>.tar.*; taken from the mirror that the host is configured with',
        ),
        suite: name.describe('the Debian suite that has the package, for example bullseye'),
        version: text(
          /^[0-9][A-Za-z0-9.+~:-]*$/,
          'the version of a Debian package begins with a digit, for example 5.10.223-1',
        ).describe('the version of the package, as apt-cache policy prints it'),
        sha256,
      })
      .meta({ title: 'A Debian source package' }),
    z
      .strictObject({ tree: path.describe('a directory that holds a kernel tree; it is read, never written') })
      .meta({ title: 'A tree on this host' }),
    z
      .strictObject({
        git: gitWord.describe('a git repository: URL or path'),
        ref: gitWord.describe('the tag or commit to check out'),
      })
      .meta({ title: 'A git repository' }),
  ])
  .describe('where the source comes from')

const treeFile = text(/^(?!\/)(?!(.*\/)?\.\.(\/|$))[^\s]+$/, 'a file is named by its path inside the kernel tree')

export const ParallelPath = z
  .strictObject({
    suffix: text(
      /^[a-z][a-z0-9_]*$/,
      'a suffix has lower-case letters, digits and "_", and begins with a letter',
    ).describe('ending of the clones: the clone of f is called f_<suffix>'),
    entry: func.describe('the one function whose calls are switched to the clones'),
    file: treeFile
      .optional()
      .describe('the file that defines the entry, relative to the tree; needed only where the name is not unique'),
    functions: z.array(func).min(1).describe('the functions to clone'),
  })
  .describe('clones of a call path, so that probes see one caller and nothing else')

export const Expose = z.strictObject({
  function: func.describe('the function to change where it stands'),
  file: treeFile
    .optional()
    .describe('the file that defines it, relative to the tree; needed only where the name is not unique'),
  as: z
    .array(z.enum(['noinline', 'exported', 'error-injectable']))
    .min(1)
    .describe('what to make of it: noinline, exported, error-injectable'),
})

const Options = z.record(
  text(/^(?!CONFIG_)[A-Za-z0-9_]+$/, 'an option is named without CONFIG_, with letters, digits and "_"'),
  // oxlint-disable-next-line no-control-regex -- a line break would smuggle a second option into the fragment
  z.union([z.int(), text(/^[^\x00-\x1f\x7f]*$/, 'the value of an option is one line')]),
)

export const Kernel = z
  .strictObject({
    extends: name
      .optional()
      .describe('another kernel of this file; keys given here replace its keys, options are merged'),
    source: Source.optional(),
    config: z
      .array(path)
      .optional()
      .describe('configuration fragments, later ones win; lab:NAME is one of the lab itself'),
    options: Options.optional().describe('single options on top of the fragments: y, m, n, a number or text'),
    compat: z
      .enum(['auto', 'none'])
      .optional()
      .describe('fixes that let an old tree build and boot with a new toolchain; auto when left out'),
    debug: z
      .enum(['none', 'btf', 'dwarf'])
      .optional()
      .describe(
        'what the kernel knows of its own types: none (when left out), btf inside the kernel, or dwarf in vmlinux; both cost build time',
      ),
    patches: z
      .array(path)
      .optional()
      .describe('unified diffs (-p1) that are applied to the source, in this order, before anything else is changed'),
    parallelPath: z
      .union([ParallelPath, z.array(ParallelPath).min(1)])
      .optional()
      .describe('clones of a call path, so that probes see one caller and nothing else; one path or a list of them'),
    expose: z.array(Expose).optional().describe('functions to keep out of line, export or make error-injectable'),
  })
  .meta({ title: 'Kernel', description: 'a kernel: its source, its configuration, its changes' })

export const Image = z
  .strictObject({ recipe: path.describe('a directory with an image.yaml; lab:NAME is one of the lab itself') })
  .meta({ title: 'Image', description: 'the userland of a guest' })

export const Disk = z.strictObject({
  fs: z.enum(['ext4']).describe('the file system'),
  size: size.describe('the size of the disk, for example 64M'),
  mount: text(/^\/[A-Za-z0-9._/-]*$/, 'a mount point is an absolute path of letters, digits, ".", "_", "-"').describe(
    'where the guest mounts it',
  ),
  files: z.record(path, z.string()).optional().describe('files on it: path below the mount point -> content'),
})

export const Vm = z
  .strictObject({
    kernel: z
      .union([
        name,
        z.strictObject({
          use: name.describe('the kernel to boot'),
          fallback: z
            .array(name)
            .optional()
            .describe('kernels to take, in this order, when the source of the first cannot be fetched'),
        }),
      ])
      .describe('the name of a kernel, or { use, fallback }'),
    image: name.describe('the name of an image'),
    cpus: z.int().min(1).max(64).optional().describe('number of CPUs, 1 to 64; 2 when left out'),
    memory: size.optional().describe('memory of the guest; 1G when left out'),
    accel: z.enum(['kvm', 'tcg', 'auto']).optional().describe('the accelerator; auto takes KVM where it works'),
    deterministic: z
      .enum(['yes', 'no'])
      .optional()
      .describe(
        'yes: each run is a boot of its own on one CPU, with time counted in instructions and without any input, so that two runs are the same to the byte',
      ),
    disks: z.record(name, Disk).optional().describe('data disks'),
  })
  .meta({ title: 'VM', description: 'a virtual machine: kernel, image, resources' })

export const Probe = z
  .union([
    z
      .strictObject({
        source: path.describe('a BPF program in C; lab:NAME is one of the lab itself'),
        types: name
          .optional()
          .describe(
            'for a probe that includes vmlinux.h: the kernel whose types that has, and one object for all kernels (CO-RE); an object for each when left out',
          ),
        optional: z
          .array(func)
          .optional()
          .describe('programs of the object that may fail to attach without failing the run'),
      })
      .meta({ title: 'A program of yours' }),
    z
      .strictObject({
        sample: func.describe(
          "a sample of the kernel's own tree (samples/bpf), for example tracex1; built as the tree builds it, and run beside the workload",
        ),
      })
      .meta({ title: "A sample of the kernel's tree" }),
  ])
  .meta({ title: 'Probe', description: 'a BPF object that is attached during a run' })

const ParamValue = z.union([
  z.int(),
  // oxlint-disable-next-line no-control-regex -- no argument of a program can hold NUL
  text(/^[^\x00]*$/, 'a parameter has no NUL character'),
])

/** A value of a map slot. Numbers beyond 2^53 are written as text, for example "0xffff888000000000". */
const SlotValue = z.union([
  z.int(),
  // oxlint-disable-next-line no-control-regex -- a char array ends at NUL
  text(/^[^\x00]+$/, 'a value is a whole number, text, ${workload.pid} or a parameter'),
])

export const Slots = z
  .record(
    text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a map or global variable is named as in C'),
    z
      .union([
        SlotValue,
        z.record(
          // oxlint-disable-next-line no-control-regex -- a char array ends at NUL
          text(/^[^\x00]+$/, 'a key is not empty'),
          z.union([SlotValue, z.record(func, SlotValue).describe('fields of a struct: name -> value')]),
        ),
      ])
      .describe('a value (of entry 0, or of a global variable), or fields of a struct, or key -> value or fields'),
  )
  .describe('what maps and global variables hold before the workload starts: name -> key or field -> value')

/** One group in parentheses: the number. */
const numberPattern = z
  .string()
  .min(1)
  .refine((value) => {
    try {
      return (new RegExp(`${value}|`, 'u').exec('')?.length ?? 0) === 2
    } catch {
      return false
    }
  }, 'a metric is a regular expression with one group, the number: "took ([0-9]+) ns"')

export const Metric = z.union([
  z.strictObject({ stdout: numberPattern.describe('read from what the workload prints') }),
  z.strictObject({ message: numberPattern.describe("read from the workload's messages in the trace") }),
])

export const Until = z.strictObject({
  metric: paramName.describe('the metric that decides'),
  ci: text(/^[1-9][0-9]?(\.[0-9])?%$/, 'a precision is a percentage, for example 5%').describe(
    'half the width of the 95 % interval of its median, as a share of the median',
  ),
  min: z.int().min(3).max(10000).optional().describe('runs of each arm at least; 5 when left out'),
  max: z.int().min(3).max(10000).describe('runs of each arm at most'),
})

export const ORDERS = ['interleaved', 'mirrored', 'sequential', 'shuffled'] as const
export const STARTS = ['shared', 'warm', 'cold'] as const

const Point = z.record(paramName, ParamValue)

export const Before = z.union([
  z.literal('drop-caches').describe('empties page cache, dentries and inodes'),
  z.strictObject({
    sysctl: z
      .record(
        text(/^[a-z][a-z0-9_.-]*$/, 'a sysctl is named like vm.swappiness'),
        z.union([z.int(), text(/^[^\r\n]{1,200}$/, 'the value of a sysctl is one line')]),
      )
      .describe('kernel settings by name, for example vm.swappiness'),
  }),
  z.strictObject({
    remount: text(/^(\/[A-Za-z0-9_.-]+)+$/, 'a mount point is a path such as /data').describe(
      'a data disk that is unmounted and mounted again, so that nothing of it is cached',
    ),
  }),
  z.strictObject({
    pin: z
      .union([z.int().min(0).max(255), z.array(z.int().min(0).max(255)).min(1)])
      .describe('the CPUs of the guest that the workload may run on, from 0'),
  }),
  z.strictObject({
    run: z.string().min(1).describe('a command in the guest; ${name} is a parameter; no shell reads it'),
  }),
])

export const COLLECT = ['trace', 'stdout', 'dmesg', 'maps', 'kallsyms'] as const
/** `system:event`, `system:*`; `p:name function arguments` and `r:...`, the language of kprobe_events without its group. */
const TRACE_EVENT =
  /^(?:[A-Za-z0-9_]+:(?:[A-Za-z0-9_]+|\*)|[pr]:[A-Za-z_][A-Za-z0-9_]{0,40} [A-Za-z_][^\s]{0,120}(?: [^\s]+){0,20})$/

export const CLOCKS = ['local', 'global', 'counter', 'mono', 'boot', 'x86-tsc'] as const

export const Experiment = z
  .strictObject({
    about: z.string().optional().describe('what the experiment shows, in a sentence'),
    skip: z
      .string()
      .min(1)
      .optional()
      .describe('why `lab run --all` leaves it out; `lab run NAME` runs it all the same'),
    vm: name.optional().describe('the VM to use; the only one, or the one called default, when left out'),
    options: Options.optional().describe(
      'kernel options that this experiment needs otherwise, on top of those of whatever kernel it runs on',
    ),
    probes: z.array(name).min(1).describe('names of probes, attached in this order'),
    workload: z
      .strictObject({
        source: path.optional().describe('a C file, compiled for the guest; lab:NAME is one of the lab itself'),
        run: z.string().min(1).describe('the command in the guest; ${name} is a parameter; no shell reads it'),
      })
      .describe('what runs while the probes are attached'),
    params: z
      .record(paramName, z.array(ParamValue).min(1))
      .optional()
      .describe('lists of values; every combination is one arm'),
    matrix: z
      .strictObject({
        kernel: z.array(name).min(1).optional().describe('kernels to run every arm on'),
        probe: z
          .array(name)
          .min(1)
          .optional()
          .describe('probes to run every arm with, one at a time; none is no probe'),
      })
      .optional()
      .describe('what is compared beside the parameters: each kernel and each probe makes arms of its own'),
    include: z.array(Point).min(1).optional().describe('further arms: each a value for every axis'),
    exclude: z.array(Point).min(1).optional().describe('arms that are left out: all that have these values'),
    order: z
      .enum(ORDERS)
      .optional()
      .describe(
        'interleaved: one repeat of every arm after the other (when left out); mirrored: the same, every second round backwards (ABBA); sequential: arm by arm; shuffled',
      ),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional()
      .describe('of a shuffled order; drawn and recorded when left out'),
    warmup: z.int().min(0).max(1000).optional().describe('runs of each arm that come first and do not count'),
    retries: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe('further attempts at a run that did not pass; 0 when left out'),
    before: z
      .array(Before)
      .optional()
      .describe(
        'what is done in the guest before each run: drop-caches, { sysctl: {...} }, { remount: /data }, { pin: 1 }, { run: COMMAND }',
      ),
    start: z
      .enum(STARTS)
      .optional()
      .describe(
        'shared: all runs on one VM (when left out); warm: each run starts from a snapshot of a VM that has booted; ' +
          'cold: each run boots its own',
      ),
    control: z
      .literal('cold')
      .optional()
      .describe('with start: warm, every arm also boots cold, and the summary says whether the two agree'),
    parallel: z
      .union([z.int().min(1).max(64), z.literal('auto')])
      .optional()
      .describe('VMs at a time; auto: as many as CPUs and memory of the host allow; 1 when left out'),
    observer: z
      .enum(['yes', 'no'])
      .optional()
      .describe(
        'yes: what the probes cost, by four arms: none, empty (their hooks and nothing in them), full, and counted (with the count of the kernel on), mirrored when `order` is left out',
      ),
    metrics: z
      .record(paramName, Metric)
      .optional()
      .describe('numbers of each run, by name: the median of everything that matches'),
    repeat: z
      .union([
        z.int().min(1).max(10000),
        z.strictObject({ until: Until.describe('until a metric is known well enough') }),
      ])
      .optional()
      .describe('runs of each arm; 1 when left out; { until: ... }: as many as a metric needs'),
    timeout: seconds
      .optional()
      .describe('deadline of one workload, before it is scaled for a slow accelerator; 60s when left out'),
    deadline: seconds
      .optional()
      .describe('for all runs of one arm together; the rest of its runs is left out, and the summary says so'),
    trace: z
      .strictObject({
        clock: z.enum(CLOCKS).optional().describe('the clock of the trace; mono when left out'),
        buffer: size.optional().describe('ring buffer of each CPU; 8M when left out'),
        events: z
          .array(
            text(
              TRACE_EVENT,
              'an event is written system:event, a kprobe event p:NAME FUNCTION ARGUMENTS (r: at its return)',
            ),
          )
          .optional()
          .describe(
            'further trace events: system:event, system:* for all of a system, or a kprobe event in the words of the kernel ' +
              '(Documentation/trace/kprobetrace.rst): p:entered copyout to=%di, r:left copyout left=$retval',
          ),
        overwrite: z
          .enum(['yes', 'no'])
          .optional()
          .describe('when the buffer is full: yes (when left out) drops the oldest events, no the newest'),
        onLoss: z
          .enum(['fail', 'warn', 'retry'])
          .optional()
          .describe(
            'when something was lost: fail (when left out) makes the run incomplete, warn says so and lets it pass, ' +
              'retry runs it again with twice the buffer, once',
          ),
        function_graph: z
          .strictObject({
            functions: z
              .array(func)
              .min(1)
              .describe(
                'where a tree begins; of several names those that the kernel has, for example [__x64_sys_read]',
              ),
            depth: z.int().min(1).max(50).optional().describe('calls below that are shown; all when left out'),
          })
          .optional()
          .describe("the call tree of the workload's work in the kernel, with durations"),
      })
      .optional()
      .describe('how the trace is taken'),
    maps: Slots.optional(),
    collect: z.array(z.enum(COLLECT)).optional().describe('what a run keeps; everything when left out'),
    expect: z.array(Expectation).optional().describe('what must hold for the run to pass'),
  })
  .meta({ title: 'Experiment', description: 'a workload under probes, with parameters and expectations' })

export const Lab = z
  .strictObject({
    lab: name.describe('the name of the lab: of its state, its cache entries and its VMs'),
    kernels: z.record(name, Kernel).describe('the kernels, by name'),
    images: z.record(name, Image).describe('the images, by name'),
    vms: z.record(name, Vm).describe('the VMs, by name'),
    probes: z.record(name, Probe).optional().describe('the probes, by name'),
    experiments: z.record(name, Experiment).optional().describe('the experiments, by name'),
  })
  .meta({ title: 'lab.yaml', description: 'A VM lab for kernel tracing' })

export type { Expectation } from './schema-expect.ts'
export type Lab = z.infer<typeof Lab>
export type Source = z.infer<typeof Source>
export type Kernel = z.infer<typeof Kernel>
export type ParallelPath = z.infer<typeof ParallelPath>
export type Expose = z.infer<typeof Expose>
export type Image = z.infer<typeof Image>
export type Disk = z.infer<typeof Disk>
export type Vm = z.infer<typeof Vm>
export type Probe = z.infer<typeof Probe>
export type Experiment = z.infer<typeof Experiment>
export type Slots = z.infer<typeof Slots>
export type Before = z.infer<typeof Before>
export type Metric = z.infer<typeof Metric>
export type ParamValue = z.infer<typeof ParamValue>

/** "64M" -> 67108864. The text has passed the schema. */
export function bytesOf(text: string): number {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[text.slice(-1)]
  return Number.parseInt(text, 10) * (unit ?? 1)
}

/** "30s" -> 30000 milliseconds. The text has passed the schema. */
export function millisecondsOf(text: string): number {
  return Number.parseInt(text, 10) * (text.endsWith('m') ? 60_000 : 1000)
}
