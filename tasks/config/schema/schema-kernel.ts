/** The part of the schema about kernels: source, configuration, changes. */
import { z } from 'zod'
import { HELPERS } from '../../linux/c/helpers.ts'
import { func, name, Options, path, text } from './schema-text.ts'

const sha256 = text(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hexadecimal digits').describe(
  'the SHA-256 of the file, as sha256sum prints it',
)
const url = z.url({ protocol: /^https?$/, error: 'a URL begins with https:// or http://' })
/** A leading "-" would be read as an option by git. */
const gitWord = text(/^[^-\s]\S*$/, 'it has no spaces and does not begin with "-"')

const packageName = text(
  /^[a-z0-9][a-z0-9.+-]+$/,
  'a Debian package is named with lower-case letters, digits, "+", "-" and "."',
)
const packageVersion = text(
  /^[0-9][A-Za-z0-9.+~:-]*$/,
  'the version of a Debian package begins with a digit, for example 5.10.223-1',
)

/**
 * Where a kernel comes from. Exactly one of these forms; the first key of each form tells which one is meant.
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
        package: packageName.describe(
          'a Debian package that holds /usr/src/<name>.tar.*; taken from the mirror that the host is configured with',
        ),
        suite: name.describe('the Debian suite that has the package, for example bullseye'),
        version: packageVersion.describe('the version of the package, as apt-cache policy prints it'),
        sha256,
        mirrors: z.array(url).optional().describe('addresses of Debian mirrors that have it, asked before all others'),
      })
      .meta({ title: 'A Debian source package' }),
    z
      .strictObject({
        prebuilt: packageName.describe(
          "a Debian package that holds a kernel, for example linux-image-6.1.0-50-cloud-amd64: a distribution's kernel, which is not built here",
        ),
        version: packageVersion.describe('the version of the package, as apt-cache policy prints it'),
        sha256,
        parts: z
          .record(packageName, sha256)
          .optional()
          .describe(
            'further packages of the same version that belong to it, with the SHA-256 of each (7.x: linux-binary-*, linux-modules-*, linux-base-*)',
          ),
        headers: z
          .record(packageName, sha256)
          .optional()
          .describe(
            'packages of the same version that modules from source are built against, with the SHA-256 of each (linux-headers-*, linux-headers-*-common, linux-kbuild-*)',
          ),
        suite: name.optional().describe('the Debian suite that has the package; says where to look for newer ones'),
        mirrors: z.array(url).optional().describe('addresses of Debian mirrors that have it, asked before all others'),
      })
      .meta({ title: "A distribution's kernel" }),
    z
      .strictObject({
        file: path.describe('a kernel on this host: a linux-image .deb, or a bzImage with its drivers built in'),
        sha256,
        config: path.optional().describe('the .config of a bzImage that does not carry its own (CONFIG_IKCONFIG)'),
      })
      .meta({ title: 'A built kernel on this host' }),
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
  function: func.describe('the function to change in place'),
  file: treeFile
    .optional()
    .describe('the file that defines it, relative to the tree; needed only where the name is not unique'),
  as: z
    .array(z.enum(['noinline', 'exported', 'error-injectable']))
    .min(1)
    .describe('what to make of it: noinline, exported, error-injectable'),
})

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
      .describe('fixes that let an old tree build and boot with a new toolchain (default: auto)'),
    debug: z
      .enum(['none', 'btf', 'dwarf'])
      .optional()
      .describe(
        'what the kernel knows of its own types: none (the default), btf inside the kernel, or dwarf in vmlinux; both cost build time',
      ),
    patches: z
      .array(path)
      .optional()
      .describe('unified diffs (-p1) that are applied to the source, in this order, before anything else is changed'),
    parallelPath: z
      .union([ParallelPath, z.array(ParallelPath).min(1)])
      .optional()
      .describe('clones of a call path, so that probes see one caller and nothing else; one path or a list of them'),
    helpers: z
      .array(z.enum(HELPERS))
      .min(1)
      .optional()
      .describe(
        'BPF helpers that tracing programs may call although the kernel has them for other types: strtol, strtoul; none when left out',
      ),
    expose: z.array(Expose).optional().describe('functions to keep out of line, export or make error-injectable'),
  })
  .meta({ title: 'Kernel', description: 'a kernel: its source, its configuration, its changes' })

export type Source = z.infer<typeof Source>
export type Kernel = z.infer<typeof Kernel>
export type ParallelPath = z.infer<typeof ParallelPath>
export type Expose = z.infer<typeof Expose>
