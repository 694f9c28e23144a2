/** The Kbuild file of a module (Documentation/kbuild/modules.rst). */

/** Directory of its sources, below that of the Kbuild file: then one of them may have the module's name. */
export const SOURCES = 'src'

export interface KbuildRequest {
  readonly name: string
  /** C files relative to SOURCES, with plain names. */
  readonly files: readonly string[]
  readonly flags: readonly string[]
  /** Where it is built: no path of the host goes into the module, so that it is the same bytes everywhere. */
  readonly dir: string
}

/** Whether make, and the shell that it starts, take the name of a file as it is. */
export const isPlainName = (file: string): boolean => /^[\w./+-]+$/.test(file)

/** One module of all files. Headers are found beside the file that includes them, and below SOURCES. */
export const kbuildText = ({ name, files, flags, dir }: KbuildRequest): string =>
  [
    `obj-m := ${name}.o`,
    `${name}-y := ${files.map((file) => `${SOURCES}/${file.replace(/\.c$/, '.o')}`).join(' ')}`,
    `ccflags-y := ${[`-I${dir}/${SOURCES}`, `-ffile-prefix-map=${dir}/${SOURCES}/=`, ...flags].join(' ')}`,
    '',
  ].join('\n')
