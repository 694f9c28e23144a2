/**
 * The facts of a running kernel: what its own files say (/proc/kallsyms and those of tracefs and debugfs). Texts in,
 * facts out.
 */
import type { Address, KernelFacts, Place, Refusal } from './facts.ts'
import { SortedAddresses } from './ranges.ts'

export interface RunningTexts {
  readonly release: string
  readonly kallsyms: string
  /**
   * tracing/available_filter_functions; of 6.5 and newer rather available_filter_functions_addrs, which tells functions
   * of one name apart.
   */
  readonly traceable: string
  /** kprobes/blacklist of debugfs. */
  readonly blacklist: string
  /** tracing/available_events. */
  readonly events: string
  readonly config: ReadonlyMap<string, string>
}

interface Raw {
  readonly address: Address
  readonly type: string
  readonly module: string | undefined
}

const CODE = /^[tTwW]$/

/**
 * Low 32 bits; undefined for what is not in the kernel's or the modules' mapping (per-CPU variables, hidden addresses).
 */
const lowOf = (hex: string): Address | undefined =>
  hex.length === 16 && hex.startsWith('ffffffff') ? Number.parseInt(hex.slice(8), 16) : undefined

function parseKallsyms(text: string): { code: Map<string, Raw[]>; data: Map<string, number> } {
  const code = new Map<string, Raw[]>()
  const data = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, hex = '', type = '', name = '', module] = /^([0-9a-f]{16}) (\S) (\S+)(?:\s+\[(\w+)\])?/.exec(line) ?? []
    if (name === '') continue
    const address = lowOf(hex)
    if (address !== undefined && CODE.test(type)) {
      const known = code.get(name)
      if (known) known.push({ address, type, module })
      else code.set(name, [{ address, type, module }])
    } else data.set(name, (data.get(name) ?? 0) + 1)
  }
  return { code, data }
}

class Running implements KernelFacts {
  readonly from = 'the running kernel'
  readonly release: string
  readonly config: ReadonlyMap<string, string>
  readonly events: ReadonlySet<string>
  readonly tracepoints: ReadonlySet<string> | undefined
  readonly exported: ReadonlyMap<string, string>
  readonly refusesAmbiguous: boolean
  readonly listsData: boolean
  #names: ReadonlySet<string> | undefined
  readonly #code: ReadonlyMap<string, readonly Raw[]>
  readonly #data: ReadonlyMap<string, number>
  readonly #starts: SortedAddresses
  readonly #traced: SortedAddresses
  readonly #blacklist: readonly (readonly [start: Address, end: Address])[]

  constructor({ release, kallsyms, traceable, blacklist, events, config }: RunningTexts) {
    const { code, data } = parseKallsyms(kallsyms)
    ;[this.release, this.config, this.#code, this.#data] = [release, config, code, data]
    this.events = new Set(events.split('\n').filter((line) => line.includes(':')))
    const named = (prefix: string) =>
      [...data.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
    const tracepoints = named('__tracepoint_')
    // Without KALLSYMS_ALL there are no variables in the list.
    this.listsData = tracepoints.length > 0
    this.tracepoints = this.listsData ? new Set(tracepoints) : undefined
    this.exported = new Map(named('__ksymtab_').map((name) => [name, 'vmlinux']))
    this.refusesAmbiguous = code.has('count_symbols')
    this.#starts = new SortedAddresses([...code.values()].flat().map(({ address }) => address))
    this.#traced = new SortedAddresses(this.#tracedIn(traceable))
    this.#blacklist = Array.from(
      blacklist.matchAll(/^0x([0-9a-f]{16})-0x([0-9a-f]{16})\t/gm),
      ([, from = '', to = '']) => [lowOf(from) ?? 0, lowOf(to) ?? 0] as const,
    )
  }

  /** Lines "name", "name [module]", "ffffffff81000000 name"; a name alone stands for every function that has it. */
  #tracedIn(text: string): Address[] {
    return text.split('\n').flatMap((line) => {
      const [, hex, name = ''] = /^(?:([0-9a-f]{16}) )?(\S+)/.exec(line) ?? []
      if (hex !== undefined) return lowOf(hex) ?? []
      return (this.#code.get(name) ?? []).map(({ address }) => address)
    })
  }

  #address(name: string): Address | undefined {
    return this.#code.get(name)?.[0]?.address
  }

  #refusal(address: Address, module: string | undefined): Pick<Place, 'refused' | 'why'> {
    const answer = (refused: Refusal, why: string) => ({ refused, why })
    if (this.#blacklist.some(([start, end]) => start <= address && address < end))
      return answer('blacklist', 'in kprobes/blacklist')
    if (module !== undefined) return {}
    const [start, end, text] = ['_sinittext', '_einittext', '_etext'].map((name) => this.#address(name))
    if (start !== undefined && end !== undefined && start <= address && address < end)
      return answer('init', 'in .init.text (__init)')
    return text !== undefined && address >= text ? answer('init', 'outside of the text that stays') : {}
  }

  functions(): ReadonlySet<string> {
    this.#names ??= new Set(this.#code.keys())
    return this.#names
  }

  places(name: string): readonly Place[] {
    return (this.#code.get(name) ?? []).map(({ address, type, module }) => ({
      address,
      type,
      module,
      traceable: this.#traced.within(address, this.#starts.from(address + 1) ?? address + 16),
      ...this.#refusal(address, module),
    }))
  }

  count(name: string): number {
    return (this.#code.get(name)?.length ?? 0) + (this.#data.get(name) ?? 0)
  }

  isData(name: string): boolean {
    return this.#data.has(name)
  }
}

export const factsOfRunning = (texts: RunningTexts): KernelFacts => new Running(texts)
