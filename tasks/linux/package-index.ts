/** Records of Debian's index of packages (Packages, and what apt-cache show prints): deb-control(5). */
export interface PackageRecord {
  readonly package: string
  readonly version: string
  readonly architecture: string
  /** In the pool. */
  readonly filename: string
  readonly sha256: string
  readonly depends: string
}

const FIELD = /^(Package|Version|Architecture|Filename|SHA256|Depends): (.*)$/gm

/** Kernels alone: an index has 60,000 packages, and most are something else. */
export function parseRecords(text: string): PackageRecord[] {
  return text.split(/\n\n+/).flatMap((record) => {
    if (!/^Package: linux-/m.test(record)) return []
    const fields = new Map(Array.from(record.matchAll(FIELD), ([, name = '', value = '']) => [name, value.trim()]))
    const of = (name: string) => fields.get(name) ?? ''
    return [
      {
        package: of('Package'),
        version: of('Version'),
        architecture: of('Architecture'),
        filename: of('Filename'),
        sha256: of('SHA256'),
        depends: of('Depends'),
      },
    ]
  })
}

/** Packages that a record needs in the exact version of its own kind: where a metapackage has its kernel (7.x). */
export const exactParts = ({ depends }: Pick<PackageRecord, 'depends'>): string[] =>
  depends.split(/,\s*/).flatMap((one) => /^(linux-\S+) \(= [^)]+\)$/.exec(one)?.[1] ?? [])
