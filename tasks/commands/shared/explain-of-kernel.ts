/**
 * What one kernel of the lab says about the functions in a text: the answer of `lab symbols`, in place of what holds
 * for any kernel.
 */
import { listSymbols, type Listed } from '../../build/preflight/symbols.ts'
import type { KernelView } from '../../build/preflight/kernel.ts'
import type { Finding } from '../../linux/explain/index.ts'
import type { Explained } from '../../explain/explain.ts'

/** Functions that are looked up; a text about more is a listing. */
const MOST = 50

/** The finding as this kernel answers it; what was said before is what else it can be. */
function asked(finding: Finding, { verdict, ways }: Listed, kernel: string): Finding {
  const fixes = ways.map((lines) => lines.join(' ').replaceAll(/\s+/g, ' ').trim()).filter((line) => line !== '')
  return {
    ...finding,
    cause: [`in ${kernel}: ${verdict.fact}`, ...verdict.details].join('. '),
    fixes: fixes.length > 0 || verdict.attachable === true ? fixes : finding.fixes,
    confidence: verdict.attachable === undefined ? 'possible' : 'certain',
    otherwise: verdict.attachable === true ? `the text is of another kernel; there: ${finding.cause}` : finding.cause,
  }
}

/** @throws what `listSymbols` throws */
export async function askKernel(all: readonly Explained[], view: KernelView): Promise<Explained[]> {
  const names = [...new Set(all.flatMap(({ findings }) => findings.flatMap(({ symbol }) => symbol ?? [])))]
  const listed = new Map((await listSymbols(names.slice(0, MOST), view)).map((symbol) => [symbol.name, symbol]))
  return all.map((message) => ({
    ...message,
    findings: message.findings.map((finding) => {
      const found = finding.symbol === undefined ? undefined : listed.get(finding.symbol)
      return found === undefined ? finding : asked(finding, found, view.kernel.name)
    }),
  }))
}
