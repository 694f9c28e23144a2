/** Listings of /proc/kallsyms, nm and System.map, as they are pasted: what is hidden, renamed, exported, and what is not there. */
import type { Findings, Reader } from './finding.ts'

/** "ffffffff811b0ab0 t copyout", "(null) r __ksymtab_x", "0000000000000000 T y	[module]". */
const SYMBOL = /^\s*(\(null\)|[0-9a-f]{8,16}) ([a-zA-Z]) ([\w.$]+)(?:\s+\[(\w+)\])?$/
const GREP = /(?:kallsyms|System\.map)['"]?\s*\|\s*grep (?:-\w+ )*['"]?([\w.]+)/
/** What gcc appends when it makes another function of one (-fipa-sra, -fipa-cp, -fpartial-inlining, hot and cold parts). */
const RENAMED = /^(\w+)\.(isra|part|constprop|cold|llvm)(?:\.\d+)*$/
const MOST = 200

interface Found {
  readonly lines: number[]
  readonly names: Set<string>
}

const empty = (): Found => ({ lines: [], names: new Set() })

export class Kallsyms implements Reader {
  readonly #findings: Findings
  readonly #hidden = empty()
  readonly #renamed = empty()
  readonly #exported = empty()
  #plain = new Set<string>()
  #visible = false
  #grep: { readonly name: string; readonly line: number; text: string; hit: boolean } | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  readonly feed = (line: string, number: number): void => {
    const symbol = SYMBOL.exec(line)
    if (symbol) return this.#symbol(symbol, number)
    this.#endGrep()
    const grep = GREP.exec(line)
    if (grep) this.#grep = { name: grep[1] ?? '', line: number, text: line, hit: false }
  }

  #symbol([, address = '', , name = '']: RegExpExecArray, number: number): void {
    if (this.#grep && (name.startsWith(this.#grep.name) || name.includes(`_${this.#grep.name}`))) this.#grep.hit = true
    const note = (found: Found, what: string) => {
      if (found.lines.length < MOST) found.lines.push(number)
      if (found.names.size < MOST) found.names.add(what)
    }
    if (/^\(null\)$|^0+$/.test(address)) note(this.#hidden, name)
    else this.#visible = true
    const exported = /^__(?:ksymtab|kstrtab)_(.+)$/.exec(name)?.[1]
    if (exported !== undefined) note(this.#exported, exported)
    else if (RENAMED.test(name)) note(this.#renamed, name)
    else if (this.#plain.size < 100_000) this.#plain.add(name)
  }

  /** A search that found nothing of that name says something too, if it is clear that it was a search. */
  #endGrep(): void {
    const grep = this.#grep
    this.#grep = undefined
    if (!grep || grep.hit) return
    this.#findings.add(
      {
        rule: 'symbol not there',
        key: grep.name,
        what: `no symbol has a name that begins with ${grep.name}`,
        cause:
          'the function does not exist in this kernel, or the compiler put it into its callers: __always_inline always, `static` where it pays. A kprobe needs a symbol',
        fixes: ['name it under `expose:` (as: [noinline]) or `parallelPath:` of the kernel; or probe its caller'],
        evidence: [grep.text],
      },
      [grep.line],
    )
  }

  readonly end = (): void => {
    this.#endGrep()
    if (!this.#visible && this.#hidden.lines.length > 0)
      this.#findings.add(
        {
          rule: 'symbol addresses are hidden',
          what: 'the listing has names and no addresses',
          cause:
            '/proc/kallsyms shows addresses only to root, and with kernel.kptr_restrict=2 to nobody; "(null)" is how 4.15 prints 0',
          fixes: ['sudo, with sysctl kernel.kptr_restrict=0. The names are right all the same'],
        },
        this.#hidden.lines,
      )
    const renamed = [...this.#renamed.names]
    if (renamed.length > 0)
      this.#findings.add(
        {
          rule: 'functions that the compiler renamed',
          what: renamed.slice(0, 8).join(', '),
          cause: renamed
            .slice(0, 8)
            .map((name) => {
              const base = RENAMED.exec(name)?.[1] ?? ''
              return this.#plain.has(base)
                ? `${name} is a part split off ${base}, which is there too`
                : `${base} is there only under this name, with other arguments perhaps`
            })
            .join('; '),
          fixes: [
            'a kprobe takes the full name with its suffix; `noinline` and EXPORT_SYMBOL keep the plain one (`expose:`)',
          ],
        },
        this.#renamed.lines,
      )
    const exported = [...this.#exported.names]
    if (exported.length > 0)
      this.#findings.add(
        {
          rule: 'exported functions',
          what: exported.slice(0, 8).join(', '),
          cause:
            'their __ksymtab_ and __kstrtab_ entries are what EXPORT_SYMBOL makes: modules can link to them, and the symbol stays',
        },
        this.#exported.lines,
      )
  }
}
