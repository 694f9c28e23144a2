/** What `lab help COMMAND` ends with: a line to copy for each thing that people come for. By the command's name. */
export type Example = readonly [line: string, about: string]

export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  init: [
    ['lab init ~/my-lab', 'a lab that runs, outside this repository'],
    ['cd ~/my-lab && lab run hello', 'its one experiment'],
  ],
  check: [
    ['lab check', 'all problems of lab.yaml at once'],
    ['lab check --probes', "also the probes' C and hooks, for each kernel"],
    ['lab check --json', 'for editors and CI'],
  ],
  build: [
    ['lab build', 'all that the lab declares'],
    ['lab build kernel v5.4 --source ../linux', 'from a tree of your own'],
    ['lab build kernel v5.4 --show-patch', 'what parallelPath makes of the source, as a diff'],
    ['lab build image', 'the images'],
  ],
  up: [
    ['lab up', 'boot the VM; again: nothing to do'],
    ['lab up --kernel v5.10', 'with another kernel'],
    ['lab up --dry-run', 'what would be done, and why'],
  ],
  run: [
    ['lab run readiter', 'on the VM that is up, or on one of its own'],
    ['lab run readiter --repeat 20 --param bytes=64', 'more repeats, another value'],
    ['lab run readiter --kernel v5.10', 'on another kernel'],
    ['lab run readiter --source ../linux', 'on a kernel tree of your own'],
    ['lab run cost --only probe=none --parallel 2', 'some arms, on two VMs'],
    ['lab run cost --resume', 'what an interrupted run left to do'],
    ['lab run --all --yes', 'everything, and what the host lacks is installed'],
  ],
  exec: [
    ['lab exec -- uname -r', 'one command; its exit code is that of lab'],
    ['lab exec -- cat < notes.txt', 'input goes to it'],
    ["lab exec -- sh -c 'dmesg | tail'", 'a shell only where you ask for one'],
  ],
  cp: [
    ['lab cp notes.txt :/tmp/', 'to the guest'],
    ['lab cp :/sys/kernel/tracing/trace trace.txt', 'from the guest'],
    ['lab cp src :/root/', 'a whole directory'],
  ],
  console: [['lab console', 'what the guest said, and says; Ctrl-] leaves']],
  down: [['lab down', 'every VM of lab up; nothing of it stays']],
  gc: [
    ['lab gc --dry-run', 'what would go'],
    ['lab gc', 'after a crash, or when the disk is full'],
  ],
  results: [
    ['lab results', 'every run with its verdict'],
    ['lab results show last', 'one run'],
  ],
  trace: [
    ['lab trace last', 'the events'],
    ['lab trace last --reads', 'read by read'],
    ['lab trace last --md', 'for a slide'],
  ],
  explain: [
    ['lab explain last', 'what the texts of a run mean'],
    ['lab exec -- dmesg | lab explain -', 'or any text'],
  ],
  verify: [
    ['lab verify last', 'one run, computed again from its raw files'],
    ['lab verify cost.evidence.tar.gz', 'every run of a pack, wherever it was made'],
  ],
  query: [
    ["lab query 'FROM runs'", 'every run'],
    ["lab query 'SELECT event, count(*) FROM events GROUP BY 1'", 'over all results'],
  ],
}

/** The text below a command's options; empty where there are no examples. */
export function examplesText(command: string): string {
  const rows = EXAMPLES[command] ?? []
  if (rows.length === 0) return ''
  const width = Math.max(...rows.map(([line]) => line.length))
  return ['', 'Examples:', ...rows.map(([line, about]) => `  ${line.padEnd(width)}  ${about}`)].join('\n')
}
