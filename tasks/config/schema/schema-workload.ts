/**
 * The part of the schema about workloads: a program to compile, a ready one, or one that builds as a sample of the
 * kernel.
 */
import { z } from 'zod'
import { F_OPTION, path, text } from './schema-text.ts'

/**
 * Options by which gcc neither reads nor writes a file, nor loads code into itself: those of the preprocessor, and
 * plain words of the others. Of the linker's, which come after -Wl, only some: its -plugin loads code, and a comma
 * after -W would begin one.
 */
const LINKER =
  /--(?:no-)?as-needed|--export-dynamic|--gc-sections|--wrap=\w+|--hash-style=\w+|--build-id(?:=\w+)?|-z,[\w=-]+/
const FLAG = new RegExp(
  String.raw`^-(?:[DU]\w[^\s@]*|[OgW][\w=+.:-]*|m[\w=+.:,-]+|Wl,(?:${LINKER.source})|${F_OPTION.source}|std=[\w+:]+` +
    '|ansi|pedantic|pthread|static|rdynamic|(?:no-)?pie|w|s)$',
)

const sourceFile = path.describe('a C file; lab:NAME is one of the lab itself')

export const STYLES = ['samples'] as const

/** DIR or DIR:PROGRAM below tools/testing/selftests, as run_kselftest.sh names them; no part begins with a dot. */
const SELFTEST =
  /^(?:tools\/testing\/selftests\/)?[A-Za-z0-9_-][\w.-]*(?:\/[A-Za-z0-9_-][\w.-]*)*(?::[A-Za-z0-9_-][\w.-]*)?$/

export const Workload = z
  .strictObject({
    run: z
      .string()
      .min(1)
      .optional()
      .describe(
        'the command in the guest; ${name} is a parameter; no shell reads it (a `kselftest` has one without it)',
      ),
    source: z
      .union([sourceFile, z.array(sourceFile).min(1).max(64)])
      .optional()
      .describe(
        'one or more C files, compiled to one static program for the guest, which is called as the first of them without its .c; ' +
          'NAME.bpf.c is compiled for the kernel and put beside it as NAME.bpf.o, and NAME.skel.h is made of it where it is included',
      ),
    style: z
      .enum(STYLES)
      .optional()
      .describe(
        'samples: `source` is NAME_user.c and NAME_kern.c, built in the tree of the kernel as its samples/bpf are, with bpf_load.h and SEC("maps"); kernels up to 5.10',
      ),
    kselftest: text(
      SELFTEST,
      'a selftest is a directory of tools/testing/selftests, or DIR:PROGRAM for one program of it, such as timers:posix_timers',
    )
      .optional()
      .describe(
        "selftests of the kernel's own tree, built from its source: bpf:test_progs is one program, timers are all tests of a directory; what they report is kept with each test's name, and one that fails fails the run",
      ),
    flags: z
      .array(
        text(
          FLAG,
          'a flag is one word for gcc that names no file: -DN=4, -O0, -g, -std=gnu11, -m..., -W... or -f...; ' +
            '`libraries: [m]` stands for -lm',
        ),
      )
      .max(64)
      .optional()
      .describe('further options of the compiler, for example [-O0, -DSIZE=4096]'),
    libraries: z
      .array(text(/^[A-Za-z0-9_+.-]{1,60}$/, 'a library is named as after -l: bpf, m, aio'))
      .max(32)
      .optional()
      .describe(
        'static libraries of the host by the names that -l takes, for example [bpf]; bpf brings elf and z along',
      ),
    program: path.optional().describe('a program or script that is ready to run in the guest, in place of `source`'),
    files: z
      .array(path)
      .max(64)
      .optional()
      .describe('files that are put beside the program in the guest, for example the objects that it loads'),
    cwd: text(/^(\/|(\/[A-Za-z0-9_.-]+)+)$/, 'a directory of the guest is a path such as /data')
      .optional()
      .describe('where it is started (default: the directory of its files, or / if it has none)'),
    env: z
      .record(
        text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is named with letters, digits and "_"'),
        // oxlint-disable-next-line no-control-regex -- a variable of the environment ends at NUL
        z.union([z.int(), text(/^[^\x00]*$/, 'a variable has no NUL character')]),
      )
      .optional()
      .describe('variables of its environment; ${name} is a parameter'),
    tracePipe: z
      .enum(['ours', 'theirs'])
      .optional()
      .describe(
        'ours: if the program reads trace_pipe, it waits there without taking events, and ends when nothing else of it runs (the default with `style: samples`); theirs: what it reads is missing from the trace, and the run is incomplete',
      ),
  })
  .describe('what runs while the probes are attached')

export type Workload = z.infer<typeof Workload>
