/** What libbpf says while all goes well (its debug output), in words that its errors have too. */
const PROGRESS =
  /libbpf: (?:struct_ops (?:init_kern|reloc) \S+: (?:type_id:|func ptr|copy |for \d)|struct_ops init: struct .{1,100} found at|extern \((?:kcfg|(?:var |func )?ksym)\) '[^']*': (?:set to|resolved to)|\.maps relo #\d+: (?:for |map '[^']*' slot)|map '[^']*' already pinned at .{1,200}not re-pinning|usdt: (?:discovered|probe for|sema +for))/

export const isProgress = (line: string): boolean => line.includes('libbpf: ') && PROGRESS.test(line)
