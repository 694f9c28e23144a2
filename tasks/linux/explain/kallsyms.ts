/**
 * Listings of /proc/kallsyms, nm and System.map, as they are pasted: what is hidden, renamed, ambiguous, exported, and
 * what is not there.
 */
import type { Findings, Reader } from './finding.ts'
import { searchIn, type SymbolSearch } from './symbol-search.ts'
import { describeSuffix, SUFFIXED } from './symbol-suffix.ts'

/** "ffffffff811b0ab0 t copyout", "(null) r __ksymtab_x", "0000000000000000 T y	[module]". */
const SYMBOL = /^\s*(\(null\)|[0-9a-f]{8,16}) ([a-zA-Z]) ([\w.$]+)(?:\s+\[(\w+)\])?$/
const MOST = 200
/** Names that are followed to find those that are there more than once. */
const MOST_NAMES = 100_000

interface Found {
  readonly lines: number[]
  readonly names: Set<string>
}

const empty = (): Found => ({ lines: [], names: new Set() })

const note = (found: Found, line: number, what: string): void => {
  if (found.lines.length < MOST) found.lines.push(line)
  if (found.names.size < MOST) found.names.add(what)
}

/** 0-9, a-f, and the parentheses of "(null)". */
const isHexOrParenthesis = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || code === 40 || code === 41

export class Kallsyms implements Reader {
  readonly #findings: Findings
  readonly #hidden = empty()
  readonly #suffixed = empty()
  readonly #exported = empty()
  /** Places of each function: "address module", with the lines. */
  readonly #places = new Map<string, { readonly places: Set<string>; readonly lines: number[] }>()
  #visible = false
  #search: (SymbolSearch & { readonly line: number; readonly text: string; hits: number; last: number }) | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** A line of a listing, or the line behind a search for one, by its first characters. */
  mayConcern(line: string): boolean {
    if (this.#search !== undefined) return true
    let at = 0
    while (line.charCodeAt(at) <= 32) at++
    return isHexOrParenthesis(line.charCodeAt(at)) && isHexOrParenthesis(line.charCodeAt(at + 5))
  }

  readonly feed = (line: string, number: number): void => {
    const symbol = SYMBOL.exec(line)
    if (symbol) return this.#symbol(symbol, number)
    this.#endSearch(line)
    const search = searchIn(line)
    if (search) this.#search = { ...search, line: number, text: line, hits: 0, last: number }
  }

  #symbol([, address = '', type = '', name = '', module = '']: RegExpExecArray, number: number): void {
    const search = this.#search
    if (search) {
      search.last = number
      if (search.matches(name, module)) search.hits++
    }
    if (/^\(null\)$|^0+$/.test(address)) note(this.#hidden, number, name)
    else this.#visible = true
    const exported = /^__(?:ksymtab|kstrtab)_(.+)$/.exec(name)?.[1]
    if (exported !== undefined) return note(this.#exported, number, exported)
    if (SUFFIXED.test(name)) note(this.#suffixed, number, name)
    if (!/[tTwW]/.test(type)) return
    const known = this.#places.get(name)
    // A listing that was pasted twice has the same addresses; hidden ones are all the same and tell nothing.
    const place = /^\(null\)$|^0+$/.test(address) ? `${module} line ${number}` : `${address} ${module}`
    if (known) {
      if (known.places.size < MOST && !known.places.has(place)) known.lines.push(number)
      if (known.places.size < MOST) known.places.add(place)
    } else if (this.#places.size < MOST_NAMES) this.#places.set(name, { places: new Set([place]), lines: [number] })
  }

  /** A search that found nothing says something too, if the text shows that it was run and printed nothing. */
  #endSearch(next: string | undefined): void {
    const search = this.#search
    this.#search = undefined
    if (search === undefined || search.hits > 0 || search.name === undefined) return
    const printedOthers = search.last > search.line
    const promptFollows = next !== undefined && search.prompt !== '' && next.trimStart().startsWith(search.prompt)
    if (!printedOthers && !promptFollows) return
    this.#findings.add(
      {
        rule: 'symbol not there',
        key: search.name,
        symbol: search.name,
        what: `no symbol in the listing has the name ${search.name}`,
        cause:
          'the function does not exist in this kernel, its module is not loaded, or the compiler put it into its callers: __always_inline always, `static` where it pays. A kprobe needs a symbol',
        fixes: [
          'name it under `expose:` (as: [noinline]) or `parallelPath:` of the kernel; or probe its caller',
          '`lab symbols KERNEL NAME` says which of these it is',
        ],
        confidence: 'likely',
        otherwise: 'it is a macro, or renamed in this version; a system call is __x64_sys_NAME on x86 since 4.17',
        evidence: [search.text],
      },
      [search.line],
    )
  }

  readonly end = (): void => {
    this.#endSearch(undefined)
    this.#tellHidden()
    this.#tellAmbiguous()
    this.#tellSuffixed()
    this.#tellExported()
  }

  #tellHidden(): void {
    if (this.#visible || this.#hidden.lines.length === 0) return
    this.#findings.add(
      {
        rule: 'symbol addresses are hidden',
        what: 'the listing has names and no addresses',
        cause:
          '/proc/kallsyms shows addresses only to root, and with kernel.kptr_restrict=2 to nobody; "(null)" is how 4.15 prints 0',
        fixes: ['sudo, with sysctl kernel.kptr_restrict=0. The names are right all the same'],
        sources: ['kernel/kallsyms.c'],
      },
      this.#hidden.lines,
    )
  }

  #tellAmbiguous(): void {
    for (const [name, { places, lines }] of this.#places)
      if (places.size > 1)
        this.#findings.add(
          {
            rule: 'several functions have this name',
            key: name,
            symbol: name,
            what: `${name} is the name of ${places.size} functions`,
            cause:
              'static functions of different files may share a name. A kprobe by name takes the first one in kernels before 6.6 and is refused (EADDRNOTAVAIL) since; pahole leaves such functions out of BTF, so that fentry cannot be used',
            fixes: [
              'probe by address: the symbol before it with an offset (_text+0x...), or a caller whose name is unique',
              'SYMBOL in a module: MODULE:SYMBOL',
            ],
            sources: ['commit b022f0c7e404 (6.6)'],
          },
          lines,
        )
  }

  #tellSuffixed(): void {
    const names = [...this.#suffixed.names]
    if (names.length === 0) return
    const plain = new Set(this.#places.keys())
    this.#findings.add(
      {
        rule: 'functions that the compiler renamed',
        what: names.slice(0, 8).join(', '),
        cause: names
          .slice(0, 8)
          .map((name) => describeSuffix(name, plain))
          .join('; '),
        fixes: [
          'a kprobe takes the full name with its suffix; `noinline` and EXPORT_SYMBOL keep the plain one (`expose:`)',
        ],
        sources: [
          'gcc: -fipa-sra, -fipa-cp, -fpartial-inlining, -freorder-functions',
          'CONFIG_PREFIX_SYMBOLS (6.2, __pfx_)',
        ],
      },
      this.#suffixed.lines,
    )
  }

  #tellExported(): void {
    const exported = [...this.#exported.names]
    if (exported.length === 0) return
    this.#findings.add(
      {
        rule: 'exported functions',
        what: exported.slice(0, 8).join(', '),
        cause:
          'their __ksymtab_ and __kstrtab_ entries are what EXPORT_SYMBOL makes: modules can link to them, and the symbol stays',
        fixes: [],
      },
      this.#exported.lines,
    )
  }
}
