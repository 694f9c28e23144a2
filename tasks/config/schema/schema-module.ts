/** The part of the schema about the kernel modules of an experiment: the kernel's own, and out-of-tree code. */
import { z } from 'zod'
import { F_OPTION, func, path, text } from './schema-text.ts'

const source = path.describe('a C file of the module, or a .ko file')

/** MODULE_NAME_LEN is 56 with the NUL at its end (include/linux/moduleparam.h, on 64 bits). */
const moduleName = text(
  /^[A-Za-z0-9_][A-Za-z0-9_-]{0,54}$/,
  'a module is named with letters, digits, "_" and "-", and has at most 55 of them',
)

/**
 * make expands what is in a Kbuild file, and gives it to a shell: characters that either reads otherwise are left out,
 * and so is what would load code into the compiler or name a file.
 */
const FLAG = new RegExp(String.raw`^-(?:[DUW][\w=+.:/-]*|${F_OPTION.source})$`)

const Described = z.strictObject({
  source: z
    .union([source, z.array(source).min(1).max(64)])
    .optional()
    .describe(
      'one or more C files, whose headers come along, or one module that is built already (.ko) (default: the module that the kernel itself has)',
    ),
  name: moduleName
    .optional()
    .describe('what lsmod calls it (default: the name of its first file without .c, with "_" for "-")'),
  flags: z
    .array(
      text(
        FLAG,
        'a flag is -D, -U, -W or -f (one that names no file) with letters, digits and _=+.,:/- alone, for example -DN=4',
      ),
    )
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

export const ModuleUse = z
  .union([moduleName, Described])
  .describe('a kernel module: the name of one that the kernel has (=m), or C files of one that is built for it')

export type ModuleUse = z.infer<typeof ModuleUse>
