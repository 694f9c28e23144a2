/** The part of the schema about modules that an experiment brings along: out-of-tree code, built against its kernel. */
import { z } from 'zod'
import { func, path, text } from './schema-text.ts'

const source = path.describe('a C file of the module')

/** MODULE_NAME_LEN is 56 with the NUL at its end (include/linux/moduleparam.h, on 64 bits). */
const moduleName = text(
  /^[A-Za-z_][A-Za-z0-9_]{0,54}$/,
  'a module is named with letters, digits and "_", and has at most 55 of them',
)

export const ModuleUse = z
  .strictObject({
    source: z
      .union([source, z.array(source).min(1).max(64)])
      .describe('one or more C files; headers that they include come along'),
    name: moduleName
      .optional()
      .describe('what lsmod calls it; when left out: the name of its first file without .c, with "_" for "-"'),
    flags: z
      .array(text(/^-[DWUf][^\s@,]*$/, 'a flag is one word that begins with -D, -U, -W or -f, for example -DN=4'))
      .max(64)
      .optional()
      .describe('further options of the compiler, for example [-DDEBUG]'),
    params: z
      .record(
        func,
        z.union([
          z.int(),
          text(
            // oxlint-disable-next-line no-control-regex -- the kernel reads its parameters as one line
            /^[^\x00-\x1f\x7f"]*$/,
            'the value of a parameter is one line without double quotes',
          ),
        ]),
      )
      .optional()
      .describe('its parameters by name (module_param); ${name} is a parameter of the experiment'),
  })
  .describe(
    'a kernel module that is built for the kernel, loaded before the probes are attached, and unloaded after each run',
  )

export type ModuleUse = z.infer<typeof ModuleUse>
