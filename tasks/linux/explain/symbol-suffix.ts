/** What compilers and the build of the kernel make of the name of a function. */

/** "foo.isra.0", "foo.part.3.constprop.1", "foo.cold", "__pfx_foo", "foo.llvm.123". */
export const SUFFIXED = /^(?:__pfx_\w[\w.]*|\w+(?:\.(?:isra|part|constprop|cold|llvm|lto_priv)(?:\.\d+)?)+)$/

const LAST = /^(.+)\.(isra|part|constprop|cold|llvm|lto_priv)(?:\.\d+)?$/

const plainName = (name: string): string => name.replace(/^__pfx_/, '').replace(/\..*$/, '')

/**
 * What a name with a suffix stands for. The last suffix is what was done last.
 * @param names the other names of the listing
 */
export function describeSuffix(name: string, names: ReadonlySet<string>): string {
  const base = plainName(name)
  const plainThere = names.has(base)
  if (name.startsWith('__pfx_'))
    return `${name} is the padding in front of ${base} (since 6.2; call depth tracking and CFI use it), not a function`
  const [, before = base, kind = ''] = LAST.exec(name) ?? []
  const whole = before.startsWith('__') || before.includes('.') ? before : base
  switch (kind) {
    case 'cold':
      return `${name} holds the unlikely branches of ${whole}: it is jumped to and never called, so a probe there counts only errors`
    case 'part':
      return `${name} is a part split off ${base}${plainThere ? ', which is there too' : ', whose beginning was inlined into its callers'}: it does not see every call`
    case 'isra':
      return plainThere
        ? `${name} is ${base} with other arguments (unused ones removed, or values in place of pointers); ${base} is another function of that name`
        : `${base} is there only under this name, ${name}, with other arguments perhaps (unused ones removed, or values in place of pointers)`
    case 'constprop':
      return `${name} is a copy of ${base} for calls with a constant argument${plainThere ? `; other calls go to ${base}, so both need a probe` : ', and the only one in the listing'}`
    case 'llvm':
      return `${name} is the local function ${base}, renamed by clang's ThinLTO so that it is unique`
    default:
      return `${name} is the local function ${base}, renamed by the link-time optimisation of gcc`
  }
}
